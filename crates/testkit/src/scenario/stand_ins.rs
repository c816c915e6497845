//! What stands in for a DNS server and for Entra.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use privatelink_arm_emulator::Emulator;
use privatelink_arm_emulator::dns::{RecordData, RecordType};
use privatelink_engine::lookup::{Lookup, LookupAnswer, Resolver};

use super::manifests::GROUP;

/// Whatever server is asked, Azure's resolver in the endpoints' network answers, unless it is silenced.
pub(super) struct AzureResolver {
    pub(super) emulator: Emulator,
    /// Whoever asks panics.
    pub(super) panics: Arc<AtomicBool>,
    pub(super) silenced: Arc<AtomicBool>,
}

#[async_trait::async_trait]
impl Resolver for AzureResolver {
    async fn lookup(&self, lookup: &Lookup) -> LookupAnswer {
        if self.silenced.load(Ordering::Relaxed) {
            return LookupAnswer::Unreachable("no answer within 5 s".to_owned());
        }
        let network = format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet");
        if self.panics.load(Ordering::Relaxed) {
            std::panic::resume_unwind(Box::new("a lookup panics"));
        }
        let answer = self.emulator.resolve(&network, &lookup.name, RecordType::A);
        let addresses: Vec<IpAddr> = answer
            .answers
            .iter()
            .filter_map(|record| match &record.data {
                RecordData::A(address) => Some(IpAddr::V4(*address)),
                _ => None,
            })
            .collect();
        if addresses.is_empty() {
            return LookupAnswer::NoAddress;
        }
        let over = answer
            .answers
            .iter()
            .map(|record| record.name.clone())
            .skip(1)
            .collect();
        LookupAnswer::Addresses { addresses, over }
    }
}

/// A credential that needs no authority: the token is given.
#[derive(Debug)]
pub(super) struct StaticCredential(pub(super) String);

#[async_trait::async_trait]
impl TokenCredential for StaticCredential {
    async fn get_token(
        &self,
        _scopes: &[&str],
        _options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let expires =
            azure_core::time::OffsetDateTime::from_unix_timestamp(4_102_444_800).map_err(|error| {
                azure_core::Error::with_message(azure_core::error::ErrorKind::Other, error.to_string())
            })?;
        Ok(AccessToken::new(self.0.clone(), expires))
    }
}
