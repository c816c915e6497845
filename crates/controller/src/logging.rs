//! The log: to standard error, as text or as JSON, and nothing in it that is a secret at whatever level.

use std::io::IsTerminal as _;

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, Registry, filter};

use crate::Failure;
use crate::arguments::{LogFormat, LoggingArguments};

/// Where the Kubernetes client writes down whole answers that it cannot read, whatever is in them: a token that was asked for,
/// for one. Its errors come back to those who called, and they say what failed.
const WHOLE_ANSWERS: &str = "kube_client::client";
/// Where the Kubernetes client says of each call that it failed, which whoever called says too.
const CALLS: &str = "kube_client::client::builder";

/// What Azure's libraries log of a call that failed, whoever called says too, with the object that it was for. They are heard
/// where they are named, as in `info,azure_identity=debug`, and where everything is, as in `debug`.
const LIBRARIES: &str = "azure_core=off,azure_identity=off,typespec_client_core=off";

/// Starts to log.
pub(crate) fn start(arguments: &LoggingArguments) -> Result<(), Failure> {
    let colours = std::io::stderr().is_terminal();
    subscriber(arguments, std::io::stderr, colours)?
        .try_init()
        .map_err(|error| Failure::Arguments(format!("the log cannot be started: {error}")))
}

fn subscriber<W>(
    arguments: &LoggingArguments,
    writer: W,
    colours: bool,
) -> Result<impl tracing::Subscriber + Send + Sync, Failure>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let everything = arguments
        .log_level
        .split(',')
        .any(|word| ["debug", "trace"].contains(&word.trim().to_ascii_lowercase().as_str()));
    let quiet = if everything { "" } else { LIBRARIES };
    let filter = EnvFilter::try_new(format!("{quiet},{}", arguments.log_level))
        .map_err(|error| Failure::Arguments(format!("--log-level: {error}")))?;
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    let lines = match arguments.log_format {
        LogFormat::Json => lines.json().boxed(),
        LogFormat::Text => lines.with_ansi(colours).boxed(),
    };
    // A filter of its own: directives for spans, such as [pass]=trace, would open any level of the other again.
    let guarded = lines.with_filter(filter::filter_fn(may_be_shown));
    Ok(Registry::default().with(filter).with(guarded))
}

fn may_be_shown(metadata: &Metadata<'_>) -> bool {
    let silenced = match metadata.target() {
        WHOLE_ANSWERS => true,
        CALLS => *metadata.level() == Level::ERROR,
        _ => false,
    };
    !(metadata.is_event() && silenced)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(log_level: &str, log_format: LogFormat) -> String {
        let arguments = LoggingArguments {
            log_format,
            log_level: log_level.to_owned(),
        };
        let buffer = Buffer::default();
        let writer = buffer.clone();
        let subscriber = subscriber(&arguments, move || writer.clone(), false).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::info_span!("pass", object = "PrivateEndpoint a/b");
            let _entered = span.enter();
            tracing::warn!(target: "kube_client::client", "an answer with a token");
            tracing::error!(target: "kube_client::client::builder", "failed with status 500");
            tracing::debug!(target: "kube_client::client::builder", "requesting");
            tracing::warn!(target: "typespec_client_core::http", "failed response");
            tracing::info!("Ready has changed");
        });
        String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn whole_answers_are_never_shown() {
        for level in ["trace", "kube_client::client=trace", "info,[pass]=trace", "info"] {
            let log = logged(level, LogFormat::Text);
            assert!(!log.contains("token"), "{level}: {log}");
            assert!(!log.contains("status 500"), "{level}: {log}");
        }
        let log = logged("trace", LogFormat::Text);
        assert!(
            log.contains("requesting") && log.contains("Ready has changed"),
            "{log}"
        );
    }

    #[test]
    fn azures_libraries_are_heard_where_they_or_all_are_asked_for() {
        for (level, heard) in [
            ("info", false),
            ("warn,privatelink_engine=debug", false),
            ("info,typespec_client_core=warn", true),
            ("debug", true),
            ("kube=off,TRACE", true),
        ] {
            let log = logged(level, LogFormat::Text);
            assert_eq!(log.contains("failed response"), heard, "{level}: {log}");
        }
    }

    #[test]
    fn json_has_the_object_that_a_line_was_logged_within() {
        let log = logged("info", LogFormat::Json);
        let line: serde_json::Value = serde_json::from_str(log.trim()).unwrap();
        assert_eq!(
            line.pointer("/span/object").and_then(serde_json::Value::as_str),
            Some("PrivateEndpoint a/b")
        );
    }

    #[test]
    fn a_level_that_is_none_is_refused_by_name() {
        let arguments = LoggingArguments {
            log_format: LogFormat::Text,
            log_level: "info,=loud=".to_owned(),
        };
        let refused = subscriber(&arguments, std::io::sink, false).err().unwrap();
        assert!(refused.to_string().starts_with("--log-level: "), "{refused}");
    }
}
