//! A network namespace begins with a loopback interface that is down.

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketType, recv, send, socket};

/// `RTM_NEWLINK`: changes an interface.
const NEW_LINK: u16 = 16;
/// `NLM_F_REQUEST | NLM_F_ACK`.
const REQUEST_AND_ANSWER: u16 = 5;
/// `NLMSG_ERROR`, which carries 0 when all went well.
const ANSWER: u16 = 2;
/// `IFF_UP`.
const UP: u32 = 1;
/// The loopback interface is the first of every network.
const LOOPBACK: i32 = 1;

/// Brings the loopback interface up, without a program that a small machine may lack.
pub fn loopback_up() {
    // No protocol is protocol 0, which is that of routes and interfaces.
    let socket = socket(AddressFamily::NETLINK, SocketType::RAW, None).unwrap();
    let mut message = Vec::new();
    // The header: length, type, flags, sequence and port.
    message.extend(32_u32.to_ne_bytes());
    message.extend(NEW_LINK.to_ne_bytes());
    message.extend(REQUEST_AND_ANSWER.to_ne_bytes());
    message.extend(1_u32.to_ne_bytes());
    message.extend(0_u32.to_ne_bytes());
    // The interface: no family, its index, the flags that it gets and which of them are meant.
    message.extend([0; 4]);
    message.extend(LOOPBACK.to_ne_bytes());
    message.extend(UP.to_ne_bytes());
    message.extend(UP.to_ne_bytes());
    send(&socket, &message, SendFlags::empty()).unwrap();
    let mut answer = [0_u8; 1024];
    let (length, _) = recv(&socket, &mut answer, RecvFlags::empty()).unwrap();
    assert!(length >= 20, "an answer of {length} bytes");
    assert_eq!(u16::from_ne_bytes([answer[4], answer[5]]), ANSWER);
    let code = i32::from_ne_bytes([answer[16], answer[17], answer[18], answer[19]]);
    assert_eq!(code, 0, "the loopback interface stays down: error {code}");
}
