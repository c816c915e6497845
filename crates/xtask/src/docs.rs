//! `cargo xtask docs`: the pages of docs/ that are generated from the product's own data.

mod kinds;
mod metrics;
mod private_dns_zones;
mod reasons;
mod reference;

use clap::Args;

use crate::{Failure, programs};

#[derive(Debug, Args)]
pub(crate) struct DocsArguments {
    /// Write nothing; fail when a page is not what the data says
    #[arg(long)]
    pub(crate) check: bool,
}

/// The pages by the name of their file in docs/.
fn pages() -> Result<Vec<(String, String)>, Failure> {
    let mut pages = vec![
        ("metrics.md".to_owned(), metrics::page()),
        ("private-dns-zones.md".to_owned(), private_dns_zones::page()),
        ("reasons.md".to_owned(), reasons::page()),
    ];
    pages.extend(kinds::pages()?);
    Ok(pages)
}

/// Writes the generated pages, or compares them.
pub(crate) fn run(arguments: &DocsArguments) -> Result<(), Failure> {
    let folder = programs::workspace().join("docs");
    std::fs::create_dir_all(&folder).map_err(Failure::file("making", &folder))?;
    let mut stale = Vec::new();
    for (name, text) in pages()? {
        let path = folder.join(&name);
        if std::fs::read_to_string(&path).is_ok_and(|present| present == text) {
            continue;
        }
        if !arguments.check {
            std::fs::write(&path, &text).map_err(Failure::file("writing", &path))?;
            println!("wrote docs/{name}");
        }
        stale.push(name);
    }
    if arguments.check && !stale.is_empty() {
        let message = format!(
            "docs/ differs from the data: {}; run `cargo xtask docs`",
            stale.join(", ")
        );
        return Err(Failure::Message(message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_pages_are_those_of_the_data() {
        run(&DocsArguments { check: true }).unwrap();
    }
}
