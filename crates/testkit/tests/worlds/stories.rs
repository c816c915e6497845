//! Every scenario without faults: it comes to the end that its story tells, keeps the four properties, and rests.

use privatelink_testkit::scenario::{Mutant, stories, sweep};

#[test]
fn every_story_comes_to_its_end_and_rests() {
    let only = std::env::var("STORY").ok();
    let mut wrong = Vec::new();
    for story in stories()
        .iter()
        .filter(|story| only.as_deref().is_none_or(|only| only == story.name))
    {
        let started = std::time::Instant::now();
        let outcome = match sweep::run(story, &[], Mutant::None, None) {
            Ok(outcome) => outcome,
            Err(error) => {
                wrong.push(format!("{}: {error}", story.name));
                continue;
            }
        };
        println!(
            "{}: {} ARM calls, {} Kubernetes calls, {:?}",
            story.name,
            outcome.arm_calls.len(),
            outcome.kubernetes_calls.len(),
            started.elapsed()
        );
        if only.is_some() {
            outcome.arm_calls.iter().for_each(|call| println!("   {call}"));
            println!("{:#?}", outcome.end_state);
        }
        wrong.extend(
            sweep::compare(&outcome, &outcome)
                .into_iter()
                .map(|what| format!("{}: {what}", story.name)),
        );
        for (object, reason) in story.ends {
            let state = outcome
                .end_state
                .get(&format!("object {object}"))
                .map(ToString::to_string)
                .unwrap_or_default();
            let said = ["True", "False", "Unknown"].map(|truth| format!("\"Ready={truth}/{reason}\""));
            if !said.iter().any(|said| state.contains(said)) {
                wrong.push(format!(
                    "{}: {object} should end as {reason}: {state}",
                    story.name
                ));
            }
        }
        if story.ends.is_empty() && outcome.end_state.keys().any(|key| key.starts_with("object ")) {
            wrong.push(format!(
                "{}: an object is left: {:?}",
                story.name, outcome.end_state
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
