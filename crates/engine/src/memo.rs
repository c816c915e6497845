//! Answers that take long to work out, kept until what they follow from changes.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::kind::ObjectKey;

/// One answer per object.
#[derive(Default)]
pub struct Memo {
    answers: Mutex<BTreeMap<ObjectKey, (u64, Value)>>,
}

impl Memo {
    /// The answer for an object, worked out anew where it was for other `inputs`.
    pub fn get(&self, object: &ObjectKey, inputs: u64, work_out: impl FnOnce() -> Value) -> Value {
        if let Some((same, answer)) = self.lock().get(object)
            && *same == inputs
        {
            return answer.clone();
        }
        let answer = work_out();
        self.lock().insert(object.clone(), (inputs, answer.clone()));
        answer
    }

    pub(crate) fn forget(&self, object: &ObjectKey) {
        self.lock().remove(object);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ObjectKey, (u64, Value)>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_worked_out_again_only_for_other_inputs() {
        let memo = Memo::default();
        let key = ObjectKey::all("PrivateEndpoint", Some("n"));
        let mut count = 0;
        let mut get = |inputs| {
            memo.get(&key, inputs, || {
                count += 1;
                Value::from(count)
            })
        };
        assert_eq!([get(1), get(1), get(2), get(1)], [1, 1, 2, 3].map(Value::from));
        memo.forget(&key);
        assert_eq!(memo.get(&key, 1, || Value::from("new")), Value::from("new"));
    }
}
