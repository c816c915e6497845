//! The way of one request through the emulator.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::wire::{Exchange, Request, Response};
use crate::{Emulator, Inner, Options, identity};

/// Answers a request that is not for the test door.
pub(crate) fn run(emulator: &Emulator, request: &Request) -> Exchange {
    let now = emulator.now();
    emulator.with(|inner: &mut Inner, _options: &Options| {
        if let Some(response) = identity::respond(&inner.identity, request, now) {
            return Exchange { delay: Duration::ZERO, response: Some(response) };
        }
        Exchange {
            delay: Duration::ZERO,
            response: Some(Response { status: StatusCode::NOT_FOUND, headers: HeaderMap::new(), body: Bytes::new() }),
        }
    })
}
