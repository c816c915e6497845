//! The Markdown pages of the project as tests read them: which there are, and their links, anchors and code blocks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// One page.
pub struct Page {
    /// From the project's folder, such as `docs/traffic.md`.
    pub path: PathBuf,
    pub text: String,
}

/// A block of code.
pub struct Block {
    /// The first word after the fence; empty where there is none.
    pub language: String,
    /// The words after that.
    pub marks: Vec<String>,
    pub text: String,
    /// The line of the page that its fence is on.
    pub line: usize,
}

/// Where a link leads.
pub struct Link {
    pub target: String,
    pub line: usize,
}

/// The folder of the project.
pub fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .unwrap()
}

/// Every page of the project, in order. Folders of builds and hidden ones hold none.
pub fn pages() -> Vec<Page> {
    let project = project();
    let (mut folders, mut pages) = (vec![project.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if name != "target" && !name.starts_with('.') {
                    folders.push(path);
                }
            } else if name.ends_with(".md") {
                let text = std::fs::read_to_string(&path).unwrap();
                pages.push(Page {
                    path: path.strip_prefix(&project).unwrap().to_owned(),
                    text,
                });
            }
        }
    }
    pages.sort_by(|one, other| one.path.cmp(&other.path));
    pages
}

impl Page {
    /// Every block of code; those without a fence have no language.
    pub fn blocks(&self) -> Vec<Block> {
        let (mut blocks, mut block): (Vec<Block>, Option<Block>) = (Vec::new(), None);
        for (event, range) in self.events() {
            match event {
                Event::Start(Tag::CodeBlock(kind)) => {
                    let info = match &kind {
                        CodeBlockKind::Fenced(info) => info.as_ref(),
                        CodeBlockKind::Indented => "",
                    };
                    let mut words = info.split_whitespace().map(str::to_owned);
                    block = Some(Block {
                        language: words.next().unwrap_or_default(),
                        marks: words.collect(),
                        text: String::new(),
                        line: self.line(range.start),
                    });
                }
                Event::Text(text) => {
                    if let Some(block) = &mut block {
                        block.text.push_str(&text);
                    }
                }
                Event::End(TagEnd::CodeBlock) => blocks.extend(block.take()),
                _ => {}
            }
        }
        blocks
    }

    /// Every link and image.
    pub fn links(&self) -> Vec<Link> {
        let link = |(event, range): (Event<'_>, std::ops::Range<usize>)| match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => Some(Link {
                target: dest_url.into_string(),
                line: self.line(range.start),
            }),
            _ => None,
        };
        self.events().into_iter().filter_map(link).collect()
    }

    /// The anchors of the page's headings, as GitHub makes them.
    pub fn anchors(&self) -> Vec<String> {
        let (mut anchors, mut seen) = (Vec::new(), BTreeMap::<String, usize>::new());
        let mut heading: Option<String> = None;
        for (event, _) in self.events() {
            match event {
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::Text(text) | Event::Code(text) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&text);
                    }
                }
                Event::End(TagEnd::Heading(_)) => {
                    let anchor = anchor(&heading.take().unwrap_or_default());
                    let before = seen.entry(anchor.clone()).or_default();
                    anchors.push(if *before == 0 {
                        anchor.clone()
                    } else {
                        format!("{anchor}-{before}")
                    });
                    *before += 1;
                }
                _ => {}
            }
        }
        anchors
    }

    fn events(&self) -> Vec<(Event<'_>, std::ops::Range<usize>)> {
        Parser::new_ext(&self.text, Options::ENABLE_TABLES)
            .into_offset_iter()
            .collect()
    }

    fn line(&self, at: usize) -> usize {
        self.text.as_bytes()[..at]
            .iter()
            .filter(|&&byte| byte == b'\n')
            .count()
            + 1
    }
}

/// `Who reaches whom?` as `who-reaches-whom`.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase();
    let kept = kept
        .chars()
        .filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}
