//! Writes numbers that are known when somebody asks, and not before, under the names and labels of the catalogue.

use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use super::catalogue::{Description, Form};

pub(super) struct Rows<'a, 'b>(pub(super) &'a mut DescriptorEncoder<'b>);

impl Rows<'_, '_> {
    /// A metric without labels, where there is a number.
    pub(super) fn one(
        &mut self,
        description: &Description,
        number: Option<f64>,
    ) -> Result<(), std::fmt::Error> {
        self.all(description, number.map(|number| ([], number)))
    }

    /// A metric's numbers, each with the values of its labels in the catalogue's order. Without any it is left out.
    pub(super) fn all<'v, const N: usize>(
        &mut self,
        description: &Description,
        rows: impl IntoIterator<Item = ([&'v str; N], f64)>,
    ) -> Result<(), std::fmt::Error> {
        let mut rows = rows.into_iter().peekable();
        if rows.peek().is_none() {
            return Ok(());
        }
        let form = description.form.metric_type();
        let mut metric =
            self.0
                .encode_descriptor(description.registered(), &help(description), None, form)?;
        for (values, number) in rows {
            let labels: Vec<(&str, &str)> = description.labels.iter().copied().zip(values).collect();
            let family = metric.encode_family(&labels)?;
            match description.form {
                Form::Counter => ConstCounter::new(number).encode(family)?,
                Form::Gauge | Form::Histogram => ConstGauge::new(number).encode(family)?,
            }
        }
        Ok(())
    }
}

/// As the registry writes it.
fn help(description: &Description) -> String {
    format!("{}.", description.help)
}
