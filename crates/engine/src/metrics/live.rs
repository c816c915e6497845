//! What is looked up when somebody scrapes: the queue, how the objects stand, what is left of Azure's request limits, and
//! the process. It costs nothing in between, and a number that nobody sets any longer cannot stay behind.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;

use super::catalogue::{
    ACTIVE_WORKERS, BUDGET, BUILD_INFO, DRIFT_INTERVAL, LONGEST_RUNNING, MAX_CONCURRENT, OBJECTS, OPERATIONS,
    QUEUE_ADDS, QUEUE_DEPTH, UNFINISHED_WORK, VERIFICATION_AGE,
};
use super::process;
use super::rows::Rows;
use crate::context::Context;

/// At most so many subscriptions have rows of their own; those with the least left come first.
const MOST_SUBSCRIPTIONS: usize = 100;

/// Reads the numbers of one controller. To be registered once.
pub struct Live {
    context: Arc<Context>,
    version: &'static str,
}

impl Live {
    /// `version` is the controller's.
    pub fn new(context: Arc<Context>, version: &'static str) -> Self {
        Live { context, version }
    }

    fn queue(&self, rows: &mut Rows<'_, '_>) -> fmt::Result {
        let mut figures = self.context.queue.figures();
        for kind in self.context.metrics.kinds() {
            figures.entry(kind).or_default();
        }
        let names: BTreeMap<&str, String> = figures
            .keys()
            .map(|kind| (*kind, kind.to_ascii_lowercase()))
            .collect();
        let name = |kind: &str| names.get(kind).map_or("", String::as_str);
        let workers = self.context.settings.workers.max(1) as f64;
        rows.all(
            &MAX_CONCURRENT,
            figures.keys().map(|kind| ([name(kind)], workers)),
        )?;
        let one = figures.iter();
        rows.all(
            &ACTIVE_WORKERS,
            one.map(|(kind, figures)| ([name(kind)], figures.running as f64)),
        )?;
        let mut two = |description, number: fn(&crate::queue::Figures) -> f64| {
            let both = figures
                .iter()
                .map(|(kind, figures)| ([name(kind); 2], number(figures)));
            rows.all(description, both)
        };
        two(&QUEUE_DEPTH, |figures| figures.due as f64)?;
        two(&QUEUE_ADDS, |figures| figures.added as f64)?;
        two(&UNFINISHED_WORK, |figures| figures.unfinished.as_secs_f64())?;
        two(&LONGEST_RUNNING, |figures| figures.longest.as_secs_f64())
    }

    fn objects(&self, rows: &mut Rows<'_, '_>) -> fmt::Result {
        let sums = self.context.tally.sums();
        let objects = sums.objects.iter();
        rows.all(
            &OBJECTS,
            objects.map(|((kind, ready, reason), count)| ([*kind, *ready, *reason], *count as f64)),
        )?;
        let now = self.context.clock.now();
        let oldest = sums.oldest.iter().map(|(kind, verified)| {
            let age = Duration::try_from(now.duration_since(*verified)).unwrap_or_default();
            ([*kind], age.as_secs_f64())
        });
        rows.all(&VERIFICATION_AGE, oldest)?;
        let operations = sums.operations.iter();
        rows.all(
            &OPERATIONS,
            operations.map(|(kind, count)| ([*kind], *count as f64)),
        )
    }

    fn budget(&self, rows: &mut Rows<'_, '_>) -> fmt::Result {
        let mut left = self.context.identities.budget_left();
        left.sort_by(|one, other| one.ratio.total_cmp(&other.ratio));
        let mut least: BTreeMap<(&str, &str), f64> = BTreeMap::new();
        let mut subscriptions: Vec<&str> = Vec::new();
        for part in &left {
            if !subscriptions.contains(&part.subscription.as_str()) {
                subscriptions.push(&part.subscription);
            }
        }
        for part in &left {
            let place = subscriptions
                .iter()
                .position(|subscription| *subscription == part.subscription);
            let subscription = match place {
                Some(place) if place < MOST_SUBSCRIPTIONS => part.subscription.as_str(),
                _ => "other",
            };
            let ratio = least.entry((part.limit, subscription)).or_insert(part.ratio);
            *ratio = part.ratio.min(*ratio);
        }
        rows.all(
            &BUDGET,
            least
                .iter()
                .map(|((limit, subscription), ratio)| ([*limit, *subscription], *ratio)),
        )
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Live")
    }
}

impl Collector for Live {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let mut rows = Rows(&mut encoder);
        self.queue(&mut rows)?;
        self.objects(&mut rows)?;
        self.budget(&mut rows)?;
        rows.all(&BUILD_INFO, [([self.version], 1.0)])?;
        rows.one(
            &DRIFT_INTERVAL,
            Some(self.context.settings.drift_interval.as_secs_f64()),
        )?;
        process::encode(&mut rows)
    }
}
