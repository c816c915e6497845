//! Programs that the demo and the tests run beside themselves.
//!
//! Owns: starting a program with its output in a log file, waiting for what it promises (a file, a port, a line of its
//! log), stopping it, and the guarantee that it never outlives its owner, even when the owner is killed. Each program
//! runs under a small shell that holds a pipe of ours; when the pipe closes, the shell ends the program.
//! Never decides what a program is for.

mod process;
mod wait;

pub(crate) use process::fresh_log;
pub use process::{Process, Program};
pub use wait::{Deadline, free_ports, tail, until};

use std::path::PathBuf;

/// What can go wrong with a program that runs beside us.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// The program could not be started at all.
    #[error("{name} could not be started: {reason}")]
    Start {
        /// The program's name as people know it.
        name: String,
        /// What the operating system said.
        reason: String,
    },
    /// The program ended although it was meant to stay.
    #[error("{name} left with status {code} before it was ready; its log is {}\n{tail}", log.display())]
    Left {
        /// The program's name as people know it.
        name: String,
        /// Its exit status (128 + the signal's number when a signal ended it).
        code: i32,
        /// Where its output is kept.
        log: PathBuf,
        /// The last lines of its output.
        tail: String,
    },
    /// The program is running but has not become ready.
    #[error("{name} was not ready after {seconds} s; its log is {}\n{tail}", log.display())]
    NotReady {
        /// The program's name as people know it.
        name: String,
        /// How long it was waited for.
        seconds: u64,
        /// Where its output is kept.
        log: PathBuf,
        /// The last lines of its output.
        tail: String,
    },
    /// A file, a folder or a port of ours could not be made.
    #[error("{action}: {source}")]
    System {
        /// What was tried.
        action: String,
        /// What the operating system said.
        source: std::io::Error,
    },
}

impl ProcessError {
    /// Turns an input or output error into a [`ProcessError::System`] that says what was tried.
    pub fn system(action: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let action = action.into();
        move |source| Self::System { action, source }
    }
}
