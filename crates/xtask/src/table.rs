//! The live table of private endpoints.

use std::io::{IsTerminal as _, Write as _};

use serde_json::Value;

use privatelink_testkit::kubernetes::Kubectl;

use crate::Failure;

/// One endpoint as the table shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) ready: String,
    pub(crate) reason: String,
    pub(crate) address: String,
    pub(crate) connection: String,
    pub(crate) message: String,
}

impl Row {
    fn read(object: &Value) -> Self {
        let text = |pointer: &str| {
            object
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let condition = object
            .pointer("/status/conditions")
            .and_then(Value::as_array)
            .and_then(|all| {
                all.iter()
                    .find(|condition| condition.get("type").is_some_and(|kind| kind == "Ready"))
            });
        let of = |field: &str| {
            condition
                .and_then(|condition| condition.get(field)?.as_str())
                .unwrap_or_default()
                .to_owned()
        };
        Self {
            name: text("/metadata/name"),
            ready: of("status"),
            reason: of("reason"),
            address: text("/status/ipConfigurations/0/ipAddress"),
            connection: text("/status/connection/status"),
            message: of("message"),
        }
    }

    /// Whether the object's Ready condition is True.
    pub(crate) fn is_ready(&self) -> bool {
        self.ready == "True"
    }
}

/// The private endpoints of a namespace.
pub(crate) async fn rows(kubectl: &Kubectl, namespace: &str) -> Result<Vec<Row>, Failure> {
    let (kubectl, namespace) = (kubectl.clone(), namespace.to_owned());
    let output = tokio::task::spawn_blocking(move || {
        kubectl.run(&[
            "get",
            "privateendpoints.privatelink.dev",
            "-n",
            &namespace,
            "-o",
            "json",
        ])
    })
    .await
    .map_err(|error| Failure::Message(error.to_string()))??;
    if !output.success {
        return Err(Failure::Message(format!("kubectl: {}", output.stderr.trim())));
    }
    let list: Value = serde_json::from_str(&output.stdout)
        .map_err(|error| Failure::Message(format!("kubectl: {error}")))?;
    Ok(list
        .get("items")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(Row::read)
        .collect())
}

/// A table that is drawn again in place on a terminal, and printed anew elsewhere when it changes.
#[derive(Default)]
pub(crate) struct Table {
    drawn: String,
}

impl Table {
    /// Shows these rows.
    pub(crate) fn show(&mut self, rows: &[Row]) {
        let text = render(rows);
        if text == self.drawn {
            return;
        }
        let mut output = std::io::stdout();
        if output.is_terminal() && !self.drawn.is_empty() {
            // Up over the old table, and clear to the end of the screen.
            let _ = write!(output, "\x1b[{}A\x1b[J", self.drawn.lines().count());
        }
        let _ = writeln!(output, "{text}");
        let _ = output.flush();
        self.drawn = text;
    }
}

fn render(rows: &[Row]) -> String {
    let heading = ["NAME", "READY", "REASON", "IP", "CONNECTION"].map(str::to_owned);
    let mut cells = vec![heading];
    cells.extend(rows.iter().map(|row| {
        [&row.name, &row.ready, &row.reason, &row.address, &row.connection].map(|cell| {
            if cell.is_empty() {
                "-".to_owned()
            } else {
                cell.clone()
            }
        })
    }));
    let mut widths = [0_usize; 5];
    for line in &cells {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let lines: Vec<String> = cells
        .iter()
        .map(|line| {
            let padded: Vec<String> = line
                .iter()
                .zip(widths)
                .map(|(cell, width)| format!("{cell:<width$}"))
                .collect();
            padded.join("   ").trim_end().to_owned()
        })
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_row_takes_the_ready_condition_and_the_first_address() {
        let row = Row::read(&json!({
            "metadata": {"name": "orders-blob"},
            "status": {
                "conditions": [
                    {"type": "Accepted", "status": "False", "reason": "InvalidSpec"},
                    {"type": "Ready", "status": "True", "reason": "Succeeded", "message": "matches"},
                ],
                "ipConfigurations": [{"memberName": "blob", "ipAddress": "10.20.0.4"}],
                "connection": {"status": "Approved"},
            },
        }));
        assert!(row.is_ready());
        let fresh = Row::read(&json!({"metadata": {"name": "a"}}));
        assert!(!fresh.is_ready());
        assert_eq!(
            render(&[row, fresh]),
            "NAME          READY   REASON      IP          CONNECTION\n\
             orders-blob   True    Succeeded   10.20.0.4   Approved\n\
             a             -       -           -           -"
        );
    }
}
