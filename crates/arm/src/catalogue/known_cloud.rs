//! The clouds that the service catalogue has a table for.

use std::fmt;

use serde::Deserialize;

use super::NoRecommendation;
use crate::Cloud;

/// A cloud that the catalogue has a table for.
///
/// The tables are apart: what one cloud lists says nothing about another, because a service may be missing there or
/// have names of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KnownCloud {
    Public,
    Government,
    China,
}

impl KnownCloud {
    /// All of them, in the order of Microsoft's page.
    pub const ALL: [Self; 3] = [Self::Public, Self::Government, Self::China];

    /// The table of a cloud, by the name that [`Cloud`] gives to the known ones.
    ///
    /// # Errors
    /// [`NoRecommendation::UnlistedCloud`] for a custom cloud: nobody but its operator knows its names. A caller that
    /// knows which table applies (an emulator of the public cloud, say) names it instead.
    pub fn of(cloud: &Cloud) -> Result<Self, NoRecommendation> {
        Self::ALL
            .into_iter()
            .find(|known| known.name() == cloud.name)
            .ok_or_else(|| NoRecommendation::UnlistedCloud {
                cloud: cloud.name.chars().take(100).collect(),
            })
    }

    /// `public`, `government` or `china`, as [`Cloud::name`] has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Government => "government",
            Self::China => "china",
        }
    }
}

impl fmt::Display for KnownCloud {
    /// For a sentence: `Azure`, `Azure Government`, `Azure China`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Public => "Azure",
            Self::Government => "Azure Government",
            Self::China => "Azure China",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_clouds_have_a_table_and_a_custom_one_has_none() {
        for (cloud, known) in [
            (Cloud::public(), KnownCloud::Public),
            (Cloud::government(), KnownCloud::Government),
            (Cloud::china(), KnownCloud::China),
        ] {
            assert_eq!(KnownCloud::of(&cloud), Ok(known));
        }
        let custom = Cloud::custom("lab", "https://arm.lab", None, "https://login.lab").unwrap();
        let refusal = KnownCloud::of(&custom).unwrap_err();
        let message = refusal.to_string();
        assert!(
            message.contains("\"lab\"") && message.contains("by hand"),
            "{message}"
        );
    }
}
