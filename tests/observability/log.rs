//! The controller's log as JSON, line by line.

use serde_json::Value;

/// One line.
pub struct Line(Value);

impl Line {
    pub fn message(&self) -> &str {
        self.field("message").unwrap_or_default()
    }

    pub fn level(&self) -> &str {
        self.0["level"].as_str().unwrap()
    }

    pub fn target(&self) -> &str {
        self.0["target"].as_str().unwrap()
    }

    pub fn field(&self, name: &str) -> Option<&str> {
        self.0["fields"][name].as_str()
    }

    /// The object that the line is about, by itself or by what it was logged within.
    pub fn object(&self) -> Option<&str> {
        let spans = self.0["spans"].as_array().into_iter().flatten();
        self.field("object")
            .or_else(|| spans.filter_map(|span| span["object"].as_str()).next())
    }

    /// Whether it is shown by default.
    pub fn is_shown(&self) -> bool {
        // Azure's libraries are heard where everything is.
        let quiet = ["azure_core", "azure_identity", "typespec_client_core"];
        ["INFO", "WARN", "ERROR"].contains(&self.level())
            && !quiet.iter().any(|library| self.target().starts_with(library))
    }
}

impl std::fmt::Display for Line {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

/// All lines; one that is no JSON object of the usual shape fails the test.
pub fn lines(log: &str) -> Vec<Line> {
    let parse = |(number, line): (usize, &str)| {
        let value: Value = serde_json::from_str(line)
            .unwrap_or_else(|error| panic!("line {} of the log is no JSON ({error}): {line}", number + 1));
        for field in ["timestamp", "level", "target"] {
            assert!(value[field].is_string(), "line {}: {field}", number + 1);
        }
        assert!(value["fields"].is_object(), "line {}: fields", number + 1);
        Line(value)
    };
    log.lines().enumerate().map(parse).collect()
}
