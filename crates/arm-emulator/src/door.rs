//! The door for tests: everything under `/_emulator/`.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::Emulator;
use crate::wire::{Request, Response};

/// Answers a request whose path begins with `/_emulator/`.
pub fn handle(_emulator: &Emulator, _request: &Request) -> Response {
    Response { status: StatusCode::NOT_FOUND, headers: HeaderMap::new(), body: Bytes::new() }
}
