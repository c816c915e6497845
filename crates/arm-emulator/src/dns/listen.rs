//! The resolver of one virtual network over UDP and TCP.
//!
//! Owns sockets and time limits; what is answered is [`respond`]'s.

use std::io;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::Emulator;
use crate::dns::{Transport, respond};
use crate::request::place::Place;

/// How long a client may sit idle on a TCP connection, and how long it may take for a message.
const CLIENT_TIMEOUT: Duration = Duration::from_secs(10);
/// How often a port that the system chose for TCP is tried for UDP.
const PORT_TRIES: usize = 16;
/// How many TCP connections a resolver has at the same time; others wait until one ends.
const CONNECTIONS: usize = 64;

/// Where to listen, and which network its clients are in: `ADDRESS:PORT=NETWORK_ID`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    pub address: SocketAddr,
    pub network_id: String,
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (address, network_id) = text
            .split_once('=')
            .ok_or_else(|| "has to be ADDRESS:PORT=NETWORK_ID, for example 127.0.0.1:0=/subscriptions/…/virtualNetworks/net".to_owned())?;
        let address = address
            .parse()
            .map_err(|_| format!("'{address}' is no address with a port"))?;
        if !is_network(network_id) {
            return Err(format!("'{network_id}' is no id of a virtual network"));
        }
        Ok(Listen {
            address,
            network_id: network_id.to_owned(),
        })
    }
}

/// Whether the text is the id of a virtual network, be it there or not.
pub(crate) fn is_network(id: &str) -> bool {
    Place::parse(id).is_some_and(|place| {
        place
            .resource_type
            .eq_ignore_ascii_case("Microsoft.Network/virtualNetworks")
    })
}

/// The sockets of one network's resolver: UDP and TCP on one port.
#[derive(Debug)]
pub struct Listener {
    udp: UdpSocket,
    tcp: TcpListener,
    network_id: String,
}

impl Listener {
    /// Takes the sockets; has to be called in a Tokio runtime.
    ///
    /// # Errors
    /// The address is not free, or not ours; or this is not called in a runtime.
    pub fn bind(listen: &Listen) -> io::Result<Self> {
        tokio::runtime::Handle::try_current().map_err(io::Error::other)?;
        let (udp, tcp) = sockets(listen.address)?;
        udp.set_nonblocking(true)?;
        tcp.set_nonblocking(true)?;
        Ok(Self {
            udp: UdpSocket::from_std(udp)?,
            tcp: TcpListener::from_std(tcp)?,
            network_id: listen.network_id.clone(),
        })
    }

    /// The id of the network whose resolver it is.
    pub fn network_id(&self) -> &str {
        &self.network_id
    }

    /// The address that was taken.
    ///
    /// # Errors
    /// The system does not tell.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    /// Answers until `stop` is cancelled.
    pub async fn serve(self, emulator: Emulator, stop: CancellationToken) {
        let Self { udp, tcp, network_id } = self;
        tokio::join!(
            stop.run_until_cancelled(datagrams(&emulator, &network_id, &udp, &stop)),
            stop.run_until_cancelled(connections(&emulator, &network_id, &tcp, &stop)),
        );
    }
}

/// Both sockets on one port. Of port 0 the system chooses one for TCP, which may be in use for UDP.
fn sockets(address: SocketAddr) -> io::Result<(std::net::UdpSocket, std::net::TcpListener)> {
    let mut tries = if address.port() == 0 { PORT_TRIES } else { 1 };
    loop {
        tries -= 1;
        let tcp = std::net::TcpListener::bind(address)?;
        match std::net::UdpSocket::bind(tcp.local_addr()?) {
            Ok(udp) => return Ok((udp, tcp)),
            Err(error) if tries == 0 => return Err(error),
            Err(_) => {}
        }
    }
}

async fn datagrams(emulator: &Emulator, network_id: &str, socket: &UdpSocket, stop: &CancellationToken) {
    let mut buffer = vec![0_u8; usize::from(u16::MAX)];
    loop {
        let (length, peer) = match socket.recv_from(&mut buffer).await {
            Ok(received) => received,
            Err(error) => {
                wait_after(&error).await;
                continue;
            }
        };
        let request = buffer.get(..length).unwrap_or_default();
        let answer = respond(emulator, network_id, request, Transport::Udp);
        if stop.is_cancelled() {
            // The question was what found the network gone.
            return;
        }
        if let Some(answer) = answer
            && let Err(error) = socket.send_to(&answer, peer).await
        {
            tracing::debug!(%peer, %error, "an answer was not sent");
        }
    }
}

async fn connections(
    emulator: &Emulator,
    network_id: &str,
    listener: &TcpListener,
    stop: &CancellationToken,
) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = room.clone().acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, peer)) => {
                let (emulator, network_id, stop) = (emulator.clone(), network_id.to_owned(), stop.clone());
                tokio::spawn(async move {
                    let _place = place;
                    let served = connection(&emulator, &network_id, stream, &stop);
                    if let Some(Err(error)) = stop.run_until_cancelled(served).await {
                        tracing::debug!(%peer, %error, "DNS connection ended");
                    }
                });
            }
            Err(error) => wait_after(&error).await,
        }
    }
}

/// For example: no file descriptors left. Going on at once would spin.
async fn wait_after(error: &io::Error) {
    tracing::warn!(%error, "cannot receive DNS questions");
    tokio::time::sleep(Duration::from_millis(100)).await;
}

/// Answers questions, each after two bytes with its length, until the client goes or sends what gets no answer.
async fn connection(
    emulator: &Emulator,
    network_id: &str,
    mut stream: TcpStream,
    stop: &CancellationToken,
) -> io::Result<()> {
    loop {
        let request = tokio::time::timeout(CLIENT_TIMEOUT, message(&mut stream)).await??;
        let answer = respond(emulator, network_id, &request, Transport::Tcp);
        let Some(answer) = answer.filter(|_| !stop.is_cancelled()) else {
            return Ok(());
        };
        let length = u16::try_from(answer.len()).map_err(io::Error::other)?;
        let bytes = [length.to_be_bytes().as_slice(), answer.as_slice()].concat();
        tokio::time::timeout(CLIENT_TIMEOUT, stream.write_all(&bytes)).await??;
    }
}

async fn message(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let length = stream.read_u16().await?;
    let mut message = vec![0_u8; usize::from(length)];
    stream.read_exact(&mut message).await?;
    Ok(message)
}
