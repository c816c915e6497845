//! The resolvers of networks that listen on this machine: one for a network, opened and ended while the emulator runs.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;

use serde::Serialize;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::Emulator;
use crate::dns::{Listen, Listener, is_network, network_key};
use crate::state::State;

/// How many resolvers listen at the same time.
const MOST: usize = 64;

/// A resolver that listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listening {
    /// The id of the virtual network whose resolver it is, as it was given.
    pub network: String,
    /// Where it listens: UDP and TCP.
    pub address: SocketAddr,
}

/// Why a resolver does not listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    #[error("'{0}' is no id of a virtual network")]
    NoNetworkId(String),
    #[error("there is no virtual network '{0}'")]
    UnknownNetwork(String),
    #[error("the resolver of '{}' listens on {} already", .0.network, .0.address)]
    ListensAlready(Listening),
    #[error("{MOST} resolvers listen already: end one of them")]
    TooMany,
    #[error("cannot listen on {address}: {source}")]
    Address { address: SocketAddr, source: io::Error },
    #[error("nothing can listen here: the caller runs outside of a Tokio runtime")]
    NoRuntime,
}

/// What listens now, by the networks' keys.
#[derive(Debug, Default)]
pub(crate) struct Listeners {
    open: BTreeMap<String, Open>,
}

#[derive(Debug)]
struct Open {
    shown: Listening,
    /// Whether it stays without its network.
    lasts: bool,
    stop: CancellationToken,
}

impl Listeners {
    /// Ends the resolver of a network that is gone.
    pub(crate) fn network_is_gone(&mut self, network_key: &str) {
        if self.open.get(network_key).is_some_and(|open| !open.lasts) {
            self.end(network_key);
        }
    }

    /// Ends the resolvers of networks that another state does not have.
    pub(crate) fn keep_for(&mut self, state: &State) {
        let gone: Vec<String> = self
            .open
            .keys()
            .filter(|key| state.get(key).is_none())
            .cloned()
            .collect();
        for key in gone {
            self.network_is_gone(&key);
        }
    }

    fn end(&mut self, network_key: &str) -> bool {
        match self.open.remove(network_key) {
            Some(open) => {
                open.stop.cancel();
                true
            }
            None => false,
        }
    }
}

impl Emulator {
    /// Lets the resolver of a network that is there listen, until [`Emulator::end_dns`], the end of the network, or that of
    /// the Tokio runtime in which this is called. One that listens already where it is asked to is left as it is; `true`
    /// says that it is new.
    ///
    /// # Errors
    /// The network is not there, its resolver listens elsewhere, or the address cannot be taken.
    pub fn listen_dns(&self, listen: &Listen) -> Result<(Listening, bool), ListenError> {
        if !is_network(&listen.network_id) {
            return Err(ListenError::NoNetworkId(listen.network_id.clone()));
        }
        Handle::try_current().map_err(|_| ListenError::NoRuntime)?;
        let key = network_key(&listen.network_id);
        if self.settled(|state| state.get(&key).is_none_or(|network| network.deleting)) {
            return Err(ListenError::UnknownNetwork(listen.network_id.clone()));
        }
        if let Some(open) = self.room_for(listen)? {
            return Ok((open, false));
        }
        let listener = Listener::bind(listen).map_err(|source| ListenError::Address {
            address: listen.address,
            source,
        })?;
        self.open(listener, false).map(|shown| (shown, true))
    }

    /// Serves a resolver that has its sockets, also while its network is not there.
    ///
    /// # Errors
    /// The network's resolver listens already, or this is not called in a Tokio runtime.
    pub fn serve_dns(&self, listener: Listener) -> Result<Listening, ListenError> {
        self.open(listener, true)
    }

    /// The resolvers that listen, in the order of their networks' lower-cased ids.
    pub fn dns_listeners(&self) -> Vec<Listening> {
        self.settled(|_| {});
        self.with(|inner, _| {
            let open = inner.listeners.open.values();
            open.map(|open| open.shown.clone()).collect()
        })
    }

    /// Ends the resolver of a network; whether there was one.
    pub fn end_dns(&self, network_id: &str) -> bool {
        let key = network_key(network_id);
        self.with(|inner, _| inner.listeners.end(&key))
    }

    /// The network's resolver, if it listens where it is asked to; an error if there cannot be another one.
    fn room_for(&self, listen: &Listen) -> Result<Option<Listening>, ListenError> {
        let key = network_key(&listen.network_id);
        self.with(|inner, _| {
            let open = &inner.listeners.open;
            let fits = |found: SocketAddr| {
                found.ip() == listen.address.ip() && [0, found.port()].contains(&listen.address.port())
            };
            match open.get(&key).map(|open| open.shown.clone()) {
                Some(shown) if fits(shown.address) => Ok(Some(shown)),
                Some(shown) => Err(ListenError::ListensAlready(shown)),
                None if open.len() >= MOST => Err(ListenError::TooMany),
                None => Ok(None),
            }
        })
    }

    fn open(&self, listener: Listener, lasts: bool) -> Result<Listening, ListenError> {
        let runtime = Handle::try_current().map_err(|_| ListenError::NoRuntime)?;
        let address = listener.address().map_err(|source| ListenError::Address {
            address: SocketAddr::from(([0, 0, 0, 0], 0)),
            source,
        })?;
        let shown = Listening {
            network: listener.network_id().to_owned(),
            address,
        };
        let key = network_key(&shown.network);
        let stop = CancellationToken::new();
        self.with(|inner, _| {
            if let Some(other) = inner.listeners.open.get(&key) {
                return Err(ListenError::ListensAlready(other.shown.clone()));
            }
            let open = Open {
                shown: shown.clone(),
                lasts,
                stop: stop.clone(),
            };
            inner.listeners.open.insert(key, open);
            Ok(())
        })?;
        runtime.spawn(listener.serve(self.clone(), stop));
        Ok(shown)
    }
}
