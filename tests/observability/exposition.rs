//! What a scrape shows, held against the catalogue.

use std::collections::{BTreeMap, BTreeSet};

use privatelink_engine::metrics::catalogue::Description;

use crate::queries::metric;

/// One row: a metric, the values of its labels, and the number.
pub struct Row {
    pub metric: &'static Description,
    pub labels: BTreeMap<String, String>,
    pub number: f64,
}

/// The rows of a scrape in Prometheus' text format; what does not follow the catalogue fails the test.
pub fn rows(scrape: &str) -> Vec<Row> {
    let lines = scrape.lines().filter(|line| !line.starts_with('#'));
    let rows: Vec<Row> = lines.map(row).collect();
    assert!(!rows.is_empty(), "nothing was scraped");
    rows
}

fn row(line: &str) -> Row {
    let (series, number) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
    let (name, inside) = series.split_once('{').unwrap_or((series, ""));
    let metric = metric(name).unwrap_or_else(|| panic!("{name} is not in the catalogue"));
    let mut labels = BTreeMap::new();
    for pair in inside
        .trim_end_matches('}')
        .split("\",")
        .filter(|pair| !pair.is_empty())
    {
        let (label, value) = pair.split_once("=\"").unwrap_or_else(|| panic!("{line}"));
        labels.insert(label.to_owned(), value.trim_end_matches('"').to_owned());
    }
    let named: BTreeSet<&str> = labels
        .keys()
        .map(String::as_str)
        .filter(|label| *label != "le")
        .collect();
    let wanted: BTreeSet<&str> = metric.labels.iter().copied().collect();
    assert_eq!(named, wanted, "{line}");
    Row {
        metric,
        labels,
        number: number.parse().unwrap_or_else(|_| panic!("{line}")),
    }
}

/// The sum of a metric's rows that have a label's value.
pub fn sum(rows: &[Row], name: &str, label: &str, value: &str) -> f64 {
    let rows = rows.iter().filter(|row| row.metric.name == name);
    rows.filter(|row| row.labels.get(label).is_some_and(|shown| shown == value))
        .map(|row| row.number)
        .sum()
}
