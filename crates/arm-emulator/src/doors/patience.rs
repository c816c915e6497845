//! A connection that is given up when its client does not read what it asked for.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// How long a client may take to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Patience {
    /// Until it takes the next bytes.
    pub(crate) pause: Duration,
    /// Until it has taken all that waits for it: one answer at most.
    pub(crate) whole: Duration,
}

/// What waits to be read by a client.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    since: Instant,
    /// When the client last took something.
    taken: Instant,
}

/// A stream whose writes fail once its client has lost our patience.
pub(crate) struct Patient<S> {
    inner: S,
    patience: Patience,
    /// `None` while all that was written is with the client.
    waiting: Option<Waiting>,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl<S> Patient<S> {
    pub(crate) fn new(inner: S, patience: Patience) -> Self {
        Patient {
            inner,
            patience,
            waiting: None,
            alarm: None,
        }
    }

    /// What came of a write, or the error of one that has waited for too long.
    fn watch<T>(
        &mut self,
        context: &mut Context<'_>,
        done: Poll<io::Result<T>>,
        emptied: bool,
    ) -> Poll<io::Result<T>> {
        let now = Instant::now();
        if done.is_ready() {
            if emptied {
                self.waiting = None;
            } else if let Some(waiting) = &mut self.waiting {
                waiting.taken = now;
            }
            self.alarm = None;
            return done;
        }
        let waiting = *self.waiting.get_or_insert(Waiting {
            since: now,
            taken: now,
        });
        let end = (waiting.taken + self.patience.pause).min(waiting.since + self.patience.whole);
        let alarm = self
            .alarm
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(end)));
        if std::future::Future::poll(alarm.as_mut(), context).is_ready() {
            return Poll::Ready(Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "the client does not read",
            )));
        }
        Poll::Pending
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.watch(context, done, false)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.inner).poll_write_vectored(context, pieces);
        self.watch(context, done, false)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let done = Pin::new(&mut self.inner).poll_flush(context);
        self.watch(context, done, true)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let done = Pin::new(&mut self.inner).poll_shutdown(context);
        self.watch(context, done, true)
    }
}
