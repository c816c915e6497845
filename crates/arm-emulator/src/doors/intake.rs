//! Requests' bodies as they come in: how large one may be, and how much all of them may take together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Body;

/// How many bytes of bodies there is still room for. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    free: Arc<AtomicUsize>,
}

impl Budget {
    pub(crate) fn new(bytes: usize) -> Self {
        Budget {
            free: Arc::new(AtomicUsize::new(bytes)),
        }
    }

    fn has(&self, bytes: usize) -> bool {
        bytes <= self.free.load(Ordering::Relaxed)
    }
}

/// A part of a budget that is in use until it is dropped.
#[derive(Debug)]
struct Held {
    budget: Budget,
    bytes: usize,
}

impl Held {
    /// Takes more of the budget. Whether there was as much.
    fn more(&mut self, bytes: usize) -> bool {
        let taken = self
            .budget
            .free
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| {
                free.checked_sub(bytes)
            });
        if taken.is_ok() {
            self.bytes = self.bytes.saturating_add(bytes);
        }
        taken.is_ok()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.budget.free.fetch_add(self.bytes, Ordering::Relaxed);
    }
}

/// A body that is here, with its part of the budget.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) content: Bytes,
    _held: Held,
}

/// Why a body is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotTaken {
    /// It is larger than one may be.
    TooLarge,
    /// The others take all the room that there is.
    NoRoom,
    /// The client went away in the middle of it.
    Gone,
}

/// Reads a body to its end. One that says beforehand that it is too large is not begun.
pub(crate) async fn receive<B>(mut body: B, limit: usize, budget: &Budget) -> Result<Received, NotTaken>
where
    B: Body<Data = Bytes> + Unpin,
{
    let said = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if said > limit {
        return Err(NotTaken::TooLarge);
    }
    if !budget.has(said) {
        return Err(NotTaken::NoRoom);
    }
    let mut held = Held {
        budget: budget.clone(),
        bytes: 0,
    };
    let mut content = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(piece) = frame.map_err(|_| NotTaken::Gone)?.into_data() else {
            continue;
        };
        if content.len().saturating_add(piece.len()) > limit {
            return Err(NotTaken::TooLarge);
        }
        if !held.more(piece.len()) {
            return Err(NotTaken::NoRoom);
        }
        content.extend_from_slice(&piece);
    }
    Ok(Received {
        content: content.freeze(),
        _held: held,
    })
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;

    use super::*;

    async fn taken(text: &'static str, limit: usize, budget: &Budget) -> Result<Received, NotTaken> {
        receive(Full::new(Bytes::from_static(text.as_bytes())), limit, budget).await
    }

    #[tokio::test]
    async fn what_is_dropped_makes_room_for_others() {
        let budget = Budget::new(10);
        let first = taken("123456", 8, &budget).await.unwrap();
        assert_eq!(first.content, "123456");
        assert_eq!(taken("12345", 8, &budget).await.unwrap_err(), NotTaken::NoRoom);
        assert_eq!(
            taken("123456789", 8, &budget).await.unwrap_err(),
            NotTaken::TooLarge
        );
        let second = taken("1234", 8, &budget).await.unwrap();
        assert!(taken("", 8, &budget).await.is_ok(), "nothing always has room");
        drop(first);
        assert!(taken("123456", 8, &budget).await.is_ok());
        drop(second);
        assert!(budget.has(10));
    }
}
