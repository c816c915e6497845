//! What Entra's refusals mean, and who has to do what. Pure text.
//!
//! Source of the numbers: Entra's list of authentication and authorization error codes.

use privatelink_arm::EXCHANGE_AUDIENCE;

use super::ActingAs;
use super::own::Federated;

/// Codes by which Entra says that it knows no such federated credential. It says so for some minutes of correct ones.
const SPREADING: [&str; 2] = ["AADSTS70021", "AADSTS700213"];

/// Whether a refusal may pass by itself, once a new federated credential has spread.
pub(super) fn spreads(code: &str) -> bool {
    SPREADING.contains(&code)
}

/// What to do about a code, for whoever owns the identity.
pub(super) fn remedy(code: &str, who: &ActingAs) -> String {
    match (code, who) {
        (
            "AADSTS70021" | "AADSTS700211" | "AADSTS700212" | "AADSTS700213" | "AADSTS70025",
            ActingAs::ServiceAccount {
                namespace,
                name,
                client_id,
                ..
            },
        ) => format!(
            "give the application {client_id} a federated credential with the subject system:serviceaccount:{namespace}:{name}, the audience {EXCHANGE_AUDIENCE} and the cluster's issuer (kubectl get --raw /.well-known/openid-configuration shows it), each word for word"
        ),
        ("AADSTS70021" | "AADSTS700211" | "AADSTS700212" | "AADSTS700213" | "AADSTS70025", ActingAs::Controller(own))
            if let Some(token) = own.federated() =>
        {
            let Federated { subject, audience, issuer } = token;
            let application = own.client_id.iter().map(|id| format!(" {id}")).collect::<String>();
            format!(
                "give the controller's application{application} a federated credential with the subject {subject}, the audience {audience} and the issuer {issuer}, each word for word"
            )
        }
        ("AADSTS70021" | "AADSTS700211" | "AADSTS700212" | "AADSTS700213" | "AADSTS70025", _) => format!(
            "give the controller's application a federated credential with the subject system:serviceaccount:<namespace>:<name> of its own service account, the audience {EXCHANGE_AUDIENCE} and the cluster's issuer, each word for word"
        ),
        ("AADSTS700016" | "AADSTS50034", ActingAs::ServiceAccount { client_id, tenant_id, .. }) => format!(
            "spec.identity: there is no application {client_id} in the tenant {tenant_id}; restore it, or correct clientId or tenantId"
        ),
        ("AADSTS90002" | "AADSTS900023", ActingAs::ServiceAccount { tenant_id, .. }) => {
            format!("spec.identity.tenantId: there is no tenant {tenant_id} in this cloud; correct it")
        }
        ("AADSTS700016" | "AADSTS50034" | "AADSTS90002" | "AADSTS900023", _) => {
            "correct AZURE_CLIENT_ID or AZURE_TENANT_ID of the controller".to_owned()
        }
        ("AADSTS700024", _) => {
            "the clocks of the cluster and of Entra differ, or the token was kept too long: see to the time of the nodes".to_owned()
        }
        ("AADSTS7000112" | "AADSTS7000215" | "AADSTS7000222" | "AADSTS50057", _) => {
            "the application is disabled, or its secret is wrong or out of date: renew it in Entra".to_owned()
        }
        ("AADSTS53003" | "AADSTS53000" | "AADSTS530004", _) => {
            "a Conditional Access policy forbids it: ask its owner for an exception for workload identities".to_owned()
        }
        // ARM's own codes, of a token that Entra has just given.
        ("ExpiredAuthenticationToken", _) => {
            "a new token is refused as well: see to the clock of the nodes, and to whatever keeps tokens on the way".to_owned()
        }
        ("InvalidAuthenticationTokenTenant", ActingAs::ServiceAccount { tenant_id, .. }) => format!(
            "the subscription belongs to another tenant than {tenant_id}: correct spec.identity, or what spec.allow names"
        ),
        ("InvalidAuthenticationTokenTenant", _) => {
            "the subscription belongs to another tenant than this identity: let the scope act as one of that tenant, or correct what spec.allow names".to_owned()
        }
        // Who hands out assertions has said what is missing.
        ("TokenRequestForbidden" | "ServiceAccountNotFound", _) => {
            "it is tried again every minute".to_owned()
        }
        (_, ActingAs::Controller(_)) => {
            "check the controller's Azure credential (client id, tenant id, federated credential or secret)".to_owned()
        }
        (_, ActingAs::ServiceAccount { client_id, .. }) => format!(
            "check spec.identity of the scope, and the application {client_id} in Entra"
        ),
        (_, ActingAs::ManagedIdentity(id)) => format!(
            "assign the managed identity {id} to the machines that the controller runs on, or correct spec.identity"
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::OwnIdentity;
    use super::super::own::tests::with_token;
    use super::*;

    #[test]
    fn the_subject_is_told_word_for_word() {
        let who = ActingAs::ServiceAccount {
            namespace: "platform".to_owned(),
            name: "orders-azure".to_owned(),
            client_id: "client-1".to_owned(),
            tenant_id: "tenant-1".to_owned(),
        };
        for code in ["AADSTS70021", "AADSTS700211", "AADSTS700213", "AADSTS70025"] {
            let remedy = remedy(code, &who);
            assert!(
                remedy.contains("subject system:serviceaccount:platform:orders-azure,")
                    && remedy.contains("client-1")
                    && remedy.contains(EXCHANGE_AUDIENCE),
                "{remedy}"
            );
        }
        let claims = json!({
            "sub": "system:serviceaccount:privatelink-system:privatelink-controller",
            "aud": ["api://AzureADTokenExchangeUSGov"],
            "iss": "https://issuer.example.com/",
        });
        let told = with_token("subject", &claims, |own| {
            remedy("AADSTS700213", &ActingAs::Controller(own))
        });
        for words in [
            "subject system:serviceaccount:privatelink-system:privatelink-controller,",
            "audience api://AzureADTokenExchangeUSGov ",
            "issuer https://issuer.example.com/,",
        ] {
            assert!(told.contains(words), "{told}");
        }
        assert!(!told.contains("eyJ"), "{told}");
        // Where the token tells nothing, the form of the subject is told.
        let told = remedy("AADSTS700213", &ActingAs::Controller(OwnIdentity::default()));
        assert!(
            told.contains("system:serviceaccount:<namespace>:<name>"),
            "{told}"
        );
        assert!(remedy("AADSTS700016", &who).contains("tenant-1"));
        assert!(spreads("AADSTS700213") && spreads("AADSTS70021") && !spreads("AADSTS700211"));
    }
}
