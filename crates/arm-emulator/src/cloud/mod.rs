//! The clouds: what things are called in each of them.
//!
//! Owns the tables of names. The targets' table has the public cloud's names; [`Cloud::name`] is what they are elsewhere.

mod endings;
mod endpoints;
pub(crate) mod regions;

pub(crate) use endpoints::Endpoints;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use endings::ENDINGS;

/// Which Azure the emulator is.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
pub enum Cloud {
    #[default]
    #[serde(rename = "AzureCloud")]
    Public,
    #[serde(rename = "AzureUSGovernment")]
    Government,
    #[serde(rename = "AzureChinaCloud")]
    China,
}

/// All of them.
const CLOUDS: [Cloud; 3] = [Cloud::Public, Cloud::Government, Cloud::China];

impl Cloud {
    /// What it is called, its addresses, its endings and its regions.
    pub(crate) fn endpoints(self) -> &'static Endpoints {
        match self {
            Cloud::Public => &endpoints::PUBLIC,
            Cloud::Government => &endpoints::GOVERNMENT,
            Cloud::China => &endpoints::CHINA,
        }
    }

    /// The name that something of the public cloud has here, by its longest known ending; `None` where Azure documents none.
    pub(crate) fn name(self, public: &str) -> Option<String> {
        if self == Cloud::Public {
            return Some(public.to_owned());
        }
        let (ending, government, china) = ENDINGS
            .iter()
            .filter(|(ending, _, _)| ends_with(public, ending))
            .max_by_key(|(ending, _, _)| ending.len())?;
        let here = match self {
            Cloud::Government => (*government)?,
            _ => (*china)?,
        };
        public.strip_suffix(ending).map(|rest| format!("{rest}{here}"))
    }

    /// Another cloud that has this region, in its short form, where this one has not.
    pub(crate) fn foreign(self, region: &str) -> Option<Cloud> {
        let has = |cloud: &Cloud| cloud.endpoints().regions.contains(&region);
        if has(&self) {
            return None;
        }
        CLOUDS.into_iter().find(has)
    }
}

fn ends_with(name: &str, ending: &str) -> bool {
    name.strip_suffix(ending)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

impl fmt::Display for Cloud {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.endpoints().name)
    }
}

impl FromStr for Cloud {
    type Err = String;

    /// A cloud by its name, without case.
    fn from_str(text: &str) -> Result<Self, String> {
        let names = CLOUDS.map(|cloud| cloud.endpoints().name);
        CLOUDS
            .into_iter()
            .find(|cloud| cloud.endpoints().name.eq_ignore_ascii_case(text))
            .ok_or_else(|| format!("has to be one of {}", names.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::TARGETS;

    #[test]
    fn names_end_as_in_their_cloud() {
        for (public, government, china) in [
            (
                "acct.blob.core.windows.net",
                Some("acct.blob.core.usgovcloudapi.net"),
                Some("acct.blob.core.chinacloudapi.cn"),
            ),
            (
                "privatelink.vaultcore.azure.net",
                Some("privatelink.vaultcore.usgovcloudapi.net"),
                Some("privatelink.vaultcore.azure.cn"),
            ),
            (
                "v.vault.azure.net",
                Some("v.vault.usgovcloudapi.net"),
                Some("v.vault.azure.cn"),
            ),
            (
                "s.database.windows.net",
                Some("s.database.usgovcloudapi.net"),
                Some("s.database.chinacloudapi.cn"),
            ),
            (
                "a.documents.azure.com",
                Some("a.documents.azure.us"),
                Some("a.documents.azure.cn"),
            ),
            ("a.analytics.cosmos.azure.com", None, None),
            ("r.azurecr.io", Some("r.azurecr.us"), None),
            (
                "w.scm.azurewebsites.net",
                Some("w.scm.azurewebsites.us"),
                Some("w.scm.chinacloudsites.cn"),
            ),
            ("t.x-1.ts.eventgrid.azure.net", None, None),
            (
                "t.x-1.eventgrid.azure.net",
                Some("t.x-1.eventgrid.azure.us"),
                None,
            ),
            ("xcore.windows.net", None, None),
        ] {
            assert_eq!(Cloud::Public.name(public).as_deref(), Some(public));
            assert_eq!(Cloud::Government.name(public).as_deref(), government, "{public}");
            assert_eq!(Cloud::China.name(public).as_deref(), china, "{public}");
        }
    }

    /// An ending that is forgotten would take a target out of the other clouds without a word.
    #[test]
    fn every_target_ends_with_a_known_ending() {
        for group in TARGETS.iter().flat_map(|target| target.groups) {
            let names = group.members.iter().flat_map(|(_, names)| names.iter());
            for name in names.chain(group.zones) {
                assert!(
                    ENDINGS.iter().any(|(ending, _, _)| ends_with(name, ending)),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn regions_belong_to_one_cloud() {
        assert_eq!(Cloud::Government.foreign("westeurope"), Some(Cloud::Public));
        assert_eq!(Cloud::Public.foreign("chinaeast2"), Some(Cloud::China));
        assert_eq!(Cloud::China.foreign("chinaeast2"), None);
        assert_eq!(Cloud::China.foreign("somewhere"), None);
        assert_eq!("azureusgovernment".parse(), Ok(Cloud::Government));
        assert!("AzureGermanCloud".parse::<Cloud>().is_err());
    }
}
