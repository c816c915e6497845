//! `cargo xtask docs`: the pages of docs/ that are generated from the product's own data.

mod kinds;
mod metrics;
mod private_dns_zones;
mod reasons;
mod reference;

use crate::Failure;
use crate::generated::GeneratedArguments;

/// What the emulator's page of types begins with, as the others do.
const GENERATED: &str = "<!-- Generated from crates/arm-emulator by `cargo xtask docs`; do not edit. -->\n\n";

/// The pages by the name of their file in docs/.
fn pages() -> Result<Vec<(String, String)>, Failure> {
    let mut pages = vec![
        ("metrics.md".to_owned(), metrics::page()),
        ("private-dns-zones.md".to_owned(), private_dns_zones::page()),
        ("reasons.md".to_owned(), reasons::page()),
        (
            "emulator/types.md".to_owned(),
            format!("{GENERATED}{}", privatelink_arm_emulator::types_page()),
        ),
    ];
    pages.extend(kinds::pages()?);
    Ok(pages)
}

/// Writes the generated pages, or compares them.
pub(crate) fn run(arguments: GeneratedArguments) -> Result<(), Failure> {
    let pages = pages()?.into_iter();
    let files = pages.map(|(name, text)| (format!("docs/{name}"), text));
    arguments.settle("docs", files, Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_pages_are_those_of_the_data() {
        run(GeneratedArguments { check: true }).unwrap();
    }
}
