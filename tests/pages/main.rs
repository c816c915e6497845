//! The links of every Markdown page: files and headings that they lead to are there. Addresses of others are looked at by
//! their form only, for tests run without a network.

#![expect(clippy::unwrap_used, reason = "these are tests")]

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use privatelink_tests::markdown::{Page, pages, project};

/// What is wrong with the links of a page, each with its line.
fn broken(
    page: &Page,
    anchors: &BTreeMap<PathBuf, Vec<String>>,
    exists: &dyn Fn(&Path) -> bool,
) -> Vec<String> {
    let mut broken = Vec::new();
    for link in page.links() {
        let mut fault = |what: String| broken.push(format!("{}:{}: {what}", page.path.display(), link.line));
        let target = link.target.as_str();
        if let Some((scheme, rest)) = target.split_once("://") {
            let host = rest.split(['/', '#', '?']).next().unwrap_or_default();
            let is_host = host.contains('.')
                && host
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || ".-".contains(c));
            if scheme != "https" || !is_host || target.contains(char::is_whitespace) {
                fault(format!("{target} is no https address"));
            }
            continue;
        }
        let (file, anchor) = target
            .split_once('#')
            .map_or((target, None), |(file, anchor)| (file, Some(anchor)));
        let path = if file.is_empty() {
            page.path.clone()
        } else {
            plain(&page.path.parent().unwrap().join(file))
        };
        if file.starts_with('/') || path.starts_with("..") {
            fault(format!("{target} leads out of the project"));
        } else if !exists(&path) {
            fault(format!("{target}: there is no {}", path.display()));
        } else if let Some(anchor) = anchor
            && !anchors
                .get(&path)
                .is_some_and(|known| known.iter().any(|known| known == anchor))
        {
            fault(format!(
                "{target}: {} has no heading for #{anchor}",
                path.display()
            ));
        }
    }
    broken
}

/// A path without `.` and, where something is before it, `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if plain.file_name().is_some() => {
                plain.pop();
            }
            component => plain.push(component),
        }
    }
    plain
}

fn anchors(pages: &[Page]) -> BTreeMap<PathBuf, Vec<String>> {
    pages
        .iter()
        .map(|page| (page.path.clone(), page.anchors()))
        .collect()
}

#[test]
fn every_link_leads_somewhere() {
    let pages = pages();
    let anchors = anchors(&pages);
    let project = project();
    let exists = |path: &Path| project.join(path).exists();
    let links: usize = pages.iter().map(|page| page.links().len()).sum();
    let broken: Vec<String> = pages
        .iter()
        .flat_map(|page| broken(page, &anchors, &exists))
        .collect();
    assert!(
        broken.is_empty(),
        "{} links lead nowhere:\n{}",
        broken.len(),
        broken.join("\n")
    );
    assert!(links > 50, "{links} links in {} pages", pages.len());
    println!("{links} links in {} pages", pages.len());
}

/// A page that nothing leads to is found by nobody.
#[test]
fn every_page_of_docs_is_linked_from_another() {
    let pages = pages();
    for page in pages.iter().filter(|page| page.path.starts_with("docs")) {
        let linked = pages.iter().filter(|other| other.path != page.path).any(|other| {
            let folder = other.path.parent().unwrap();
            other
                .links()
                .iter()
                .any(|link| plain(&folder.join(link.target.split('#').next().unwrap())) == page.path)
        });
        assert!(linked, "no page links to {}", page.path.display());
    }
}

#[test]
fn each_kind_of_broken_link_is_found() {
    let page = Page {
        path: PathBuf::from("docs/page.md"),
        text: "# A heading: with `code`\n\n# Twice\n\n# Twice\n\n\
            [a](#a-heading-with-code) [b](#twice-1) [c](../README.md) [d](https://learn.microsoft.com/azure#x) [e](other.md#there)\n\
            [f](#nowhere) [g](absent.md) [h](http://example.com) [i](/README.md) [j](../../outside.md)\n\
            [k](other.md#absent) [l](https://localhost) ![m](absent.png)\n"
            .to_owned(),
    };
    let other = Page {
        path: PathBuf::from("docs/other.md"),
        text: "## There\n".to_owned(),
    };
    let exists = |path: &Path| {
        ["docs/page.md", "docs/other.md", "README.md"]
            .iter()
            .any(|known| path == Path::new(known))
    };
    let found = broken(&page, &anchors(&[page_again(&page), other]), &exists);
    let expected = [
        "docs/page.md:8: #nowhere: docs/page.md has no heading for #nowhere",
        "docs/page.md:8: absent.md: there is no docs/absent.md",
        "docs/page.md:8: http://example.com is no https address",
        "docs/page.md:8: /README.md leads out of the project",
        "docs/page.md:8: ../../outside.md leads out of the project",
        "docs/page.md:9: other.md#absent: docs/other.md has no heading for #absent",
        "docs/page.md:9: https://localhost is no https address",
        "docs/page.md:9: absent.png: there is no docs/absent.png",
    ];
    assert_eq!(found, expected);
}

fn page_again(page: &Page) -> Page {
    Page {
        path: page.path.clone(),
        text: page.text.clone(),
    }
}
