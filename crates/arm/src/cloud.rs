//! The Azure clouds: where ARM and Entra are, and for whom a token is asked.

use std::str::FromStr;

use url::Url;

/// A cloud. A token goes to its `resource_manager` and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cloud {
    /// `public`, `government`, `china`, or the name of a custom one.
    pub name: String,
    /// For instance `https://management.azure.com/`.
    pub resource_manager: Url,
    /// For whom tokens are asked, without a trailing slash; the scope is this and `/.default`.
    pub audience: String,
    /// The Entra authority, for instance `https://login.microsoftonline.com/`.
    pub authority: Url,
}

/// Why a cloud is not usable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCloud {
    #[error(
        "there is no Azure cloud named {0:?}: choose public, government or china, or name the endpoints of a custom cloud"
    )]
    UnknownName(String),
    #[error("the {what} {url:?} {reason}")]
    InvalidUrl {
        what: &'static str,
        url: String,
        reason: &'static str,
    },
}

impl Cloud {
    /// Azure.
    pub fn public() -> Self {
        Self::known(
            "public",
            "https://management.azure.com",
            "https://login.microsoftonline.com",
        )
    }

    /// Azure Government (United States).
    pub fn government() -> Self {
        Self::known(
            "government",
            "https://management.usgovcloudapi.net",
            "https://login.microsoftonline.us",
        )
    }

    /// Azure operated by 21Vianet in China.
    pub fn china() -> Self {
        Self::known(
            "china",
            "https://management.chinacloudapi.cn",
            "https://login.chinacloudapi.cn",
        )
    }

    fn known(name: &str, resource_manager: &'static str, authority: &'static str) -> Self {
        #[expect(clippy::expect_used, reason = "constants that a test parses")]
        let parse = |url: &str| Url::parse(url).expect("a constant URL");
        Cloud {
            name: name.to_owned(),
            resource_manager: parse(resource_manager),
            audience: resource_manager.to_owned(),
            authority: parse(authority),
        }
    }

    /// Any other cloud: an air-gapped one, or an emulator. Without an audience, tokens are asked for the resource manager.
    ///
    /// # Errors
    /// A URL that is not https, has no host, or carries a user, a query or a fragment.
    pub fn custom(
        name: &str,
        resource_manager: &str,
        audience: Option<&str>,
        authority: &str,
    ) -> Result<Self, InvalidCloud> {
        let resource_manager_url = endpoint("resource manager endpoint", resource_manager)?;
        if resource_manager_url.path() != "/" {
            return Err(InvalidCloud::InvalidUrl {
                what: "resource manager endpoint",
                url: shown(&resource_manager_url),
                reason: "must not have a path",
            });
        }
        let authority = endpoint("authority", authority)?;
        let audience = match audience {
            Some(audience) => {
                endpoint("audience", audience)?;
                audience
            }
            None => resource_manager_url.as_str(),
        };
        Ok(Cloud {
            name: name.to_owned(),
            audience: audience.trim_end_matches('/').to_owned(),
            resource_manager: resource_manager_url,
            authority,
        })
    }

    /// What a token is asked for.
    pub fn scope(&self) -> String {
        format!("{}/.default", self.audience)
    }
}

fn endpoint(what: &'static str, text: &str) -> Result<Url, InvalidCloud> {
    let refuse = |url: String, reason| Err(InvalidCloud::InvalidUrl { what, url, reason });
    let Ok(url) = Url::parse(text) else {
        return refuse(
            text.chars().take(200).collect(),
            "is not a URL; it looks like https://host or https://host:port",
        );
    };
    if url.scheme() != "https" {
        return refuse(shown(&url), "must start with https://");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse(shown(&url), "must not carry a user name or password");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return refuse(shown(&url), "must not have a query or a fragment");
    }
    Ok(url)
}

/// A URL without what may be secret.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}

impl FromStr for Cloud {
    type Err = InvalidCloud;

    /// `public`, `government` or `china`, and the names that Azure's own tools use for them.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name.to_ascii_lowercase().as_str() {
            "public" | "azure" | "azurecloud" | "azurepublic" | "azurepubliccloud" => Ok(Self::public()),
            "government"
            | "usgov"
            | "usgovernment"
            | "azureusgovernment"
            | "azureusgovernmentcloud"
            | "azuregovernment" => Ok(Self::government()),
            "china" | "azurechina" | "azurechinacloud" => Ok(Self::china()),
            _ => Err(InvalidCloud::UnknownName(name.chars().take(100).collect())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_clouds_have_their_endpoints_and_scopes() {
        for (name, host, authority) in [
            ("public", "management.azure.com", "login.microsoftonline.com"),
            (
                "government",
                "management.usgovcloudapi.net",
                "login.microsoftonline.us",
            ),
            ("china", "management.chinacloudapi.cn", "login.chinacloudapi.cn"),
        ] {
            let cloud: Cloud = name.parse().unwrap();
            assert_eq!(cloud.name, name);
            assert_eq!(cloud.resource_manager.as_str(), format!("https://{host}/"));
            assert_eq!(cloud.authority.as_str(), format!("https://{authority}/"));
            assert_eq!(cloud.scope(), format!("https://{host}/.default"));
        }
        assert_eq!("AzureUSGovernment".parse::<Cloud>().unwrap(), Cloud::government());
        assert!(
            "germany"
                .parse::<Cloud>()
                .unwrap_err()
                .to_string()
                .contains("public, government or china")
        );
    }

    #[test]
    fn a_custom_cloud_is_https_only_and_says_what_is_wrong() {
        let cloud = Cloud::custom("lab", "https://127.0.0.1:8443", None, "https://127.0.0.1:8443/").unwrap();
        assert_eq!(cloud.scope(), "https://127.0.0.1:8443/.default");
        let audience = Some("https://arm.lab/");
        let cloud = Cloud::custom("lab", "https://arm:444", audience, "https://login").unwrap();
        assert_eq!(cloud.scope(), "https://arm.lab/.default");
        for (endpoint, message) in [
            ("http://arm", "must start with https://"),
            ("arm.lab", "is not a URL"),
            ("https://user:hunter2@arm", "must not carry a user name"),
            ("https://arm/?key=hunter2", "must not have a query"),
            ("https://arm/path", "must not have a path"),
            ("", "is not a URL"),
        ] {
            let error = Cloud::custom("lab", endpoint, None, "https://login")
                .unwrap_err()
                .to_string();
            assert!(error.contains(message), "{endpoint}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
            if endpoint != "https://arm/path" {
                let error = Cloud::custom("lab", "https://arm", None, endpoint)
                    .unwrap_err()
                    .to_string();
                assert!(error.starts_with("the authority"), "{error}");
            }
        }
    }
}
