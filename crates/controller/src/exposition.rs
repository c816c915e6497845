//! The two texts in which metrics are scraped: OpenMetrics for those who ask for it, else the older Prometheus text format,
//! which every scraper and every linter reads. They differ in how a counter is announced, and in a last line.

/// The format of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    OpenMetrics,
    Prometheus,
}

impl Format {
    /// What the values of a request's `Accept` ask for.
    pub(crate) fn of<'a>(accepted: impl IntoIterator<Item = &'a str>) -> Self {
        let asked = accepted
            .into_iter()
            .flat_map(|value| value.split(','))
            .any(|media| {
                let mut parts = media.split(';').map(str::trim);
                let open = parts.next() == Some("application/openmetrics-text");
                let refused = parts.any(|part| {
                    let weight = part.strip_prefix("q=").map(str::parse::<f32>);
                    matches!(weight, Some(Ok(weight)) if weight <= 0.0)
                });
                open && !refused
            });
        if asked {
            Format::OpenMetrics
        } else {
            Format::Prometheus
        }
    }

    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Format::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    /// An OpenMetrics text in this format.
    pub(crate) fn text(self, open_metrics: String) -> String {
        match self {
            Format::OpenMetrics => open_metrics,
            Format::Prometheus => prometheus(&open_metrics),
        }
    }
}

/// In the older format a counter is announced under the name that its samples have, and nothing ends the text.
fn prometheus(open_metrics: &str) -> String {
    let mut text = String::with_capacity(open_metrics.len());
    let mut help = None;
    for line in open_metrics.lines() {
        if let Some(said) = line.strip_prefix("# HELP ") {
            help = said.split_once(' ');
        } else if let Some(said) = line.strip_prefix("# TYPE ") {
            let (name, form) = said.split_once(' ').unwrap_or((said, "untyped"));
            let ending = if form == "counter" { "_total" } else { "" };
            if let Some((_, help)) = help.take_if(|(of, _)| *of == name) {
                text.push_str(&format!("# HELP {name}{ending} {help}\n"));
            }
            text.push_str(&format!("# TYPE {name}{ending} {form}\n"));
        } else if !line.starts_with("# UNIT ") && line != "# EOF" {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_metrics_is_for_those_who_ask() {
        let prometheus_server =
            "application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        assert_eq!(Format::of([prometheus_server]), Format::OpenMetrics);
        assert_eq!(
            Format::of(["text/plain", "application/openmetrics-text"]),
            Format::OpenMetrics
        );
        assert_eq!(
            Format::of(["application/openmetrics-text;q=0, text/plain"]),
            Format::Prometheus
        );
        assert_eq!(Format::of(["*/*"]), Format::Prometheus);
        assert_eq!(Format::of([]), Format::Prometheus);
    }

    #[test]
    fn a_counter_is_announced_under_the_name_of_its_samples() {
        let open = "# HELP a Help.\n# TYPE a counter\na_total{x=\"# EOF\"} 1\n# HELP b Other.\n# TYPE b gauge\nb 2\n# EOF\n";
        let expected = "# HELP a_total Help.\n# TYPE a_total counter\na_total{x=\"# EOF\"} 1\n# HELP b Other.\n# TYPE b gauge\nb 2\n";
        assert_eq!(Format::Prometheus.text(open.to_owned()), expected);
        assert_eq!(Format::OpenMetrics.text(open.to_owned()), open);
    }
}
