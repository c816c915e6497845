//! Who reaches a private endpoint on which port, and which rule decides: computed from manifests, without Azure.
//!
//! In the order of reading: [`prefix`] has addresses, [`model`] what is known, `place` and `stages` which rules may match,
//! `decide` which of them decides, [`evaluate`] asks for every source, [`report`] is what comes out, and [`estate`] reads
//! objects. Pure: nothing here reads or writes anything.

mod decide;
pub mod defaults;
pub mod estate;
mod evaluate;
pub mod model;
mod paint;
mod place;
pub mod prefix;
pub mod report;
mod resolve;
mod rules;
mod stages;
mod subnets;
mod summary;
mod targets;

pub use estate::Estate;
pub use evaluate::evaluate;
pub use report::Report;
pub use rules::check;
