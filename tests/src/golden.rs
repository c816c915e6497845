//! What kubectl prints, held against the files of `golden/`, without what differs from run to run. `UPDATE_GOLDEN=1` writes
//! the files anew.

use std::path::{Path, PathBuf};

/// The table with ages and identifiers masked, laid out anew: a column is as wide as its widest cell, masked or not.
pub fn masked(table: &str) -> String {
    let header = table.lines().next().unwrap_or_default();
    let names: Vec<&str> = header.split_whitespace().collect();
    let starts: Vec<usize> = names.iter().map(|name| find(header, name)).collect();
    let rows: Vec<Vec<String>> = table
        .lines()
        .map(|line| {
            let characters: Vec<char> = line.chars().collect();
            (0..names.len())
                .map(|column| {
                    let end = starts
                        .get(column + 1)
                        .copied()
                        .unwrap_or(characters.len())
                        .min(characters.len());
                    let start = starts[column].min(end);
                    let cell: String = characters[start..end].iter().collect();
                    let cell = cell.trim();
                    match names[column] {
                        name if cell == name => cell.to_owned(),
                        "AGE" => "<age>".to_owned(),
                        // How many objects there are depends on what else runs.
                        "OBJECTS" => "<count>".to_owned(),
                        _ => without_identifiers(cell),
                    }
                })
                .collect()
        })
        .collect();
    let widths: Vec<usize> = (0..names.len())
        .map(|column| {
            rows.iter()
                .map(|row| row[column].chars().count())
                .max()
                .unwrap_or_default()
        })
        .collect();
    let mut text = String::new();
    for row in rows {
        let line: String = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}   "))
            .collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Where a column begins. A name may be the end of another's (`ID`), so it has to begin a word.
fn find(header: &str, name: &str) -> usize {
    header
        .match_indices(name)
        .map(|(at, _)| at)
        .find(|at| {
            let before = header[..*at].chars().next_back();
            let after = header[*at + name.len()..].chars().next();
            before.is_none_or(char::is_whitespace) && after.is_none_or(char::is_whitespace)
        })
        .expect("a word of the header")
}

/// GUIDs become `<guid>`: correlation ids differ in every run.
pub fn without_identifiers(cell: &str) -> String {
    let is_guid = |text: &[char]| {
        text.iter().enumerate().all(|(at, character)| match at {
            8 | 13 | 18 | 23 => *character == '-',
            _ => character.is_ascii_hexdigit(),
        })
    };
    let characters: Vec<char> = cell.chars().collect();
    let mut text = String::new();
    let mut at = 0;
    while at < characters.len() {
        if characters.get(at..at + 36).is_some_and(is_guid) {
            text.push_str("<guid>");
            at += 36;
        } else {
            text.push(characters[at]);
            at += 1;
        }
    }
    text
}

/// Holds a text against a file of `golden/`.
pub fn golden(name: &str, text: &str) {
    let path = path(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        text,
        expected,
        "{} says otherwise (UPDATE_GOLDEN=1 writes it anew)",
        path.display()
    );
}

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(name)
}
