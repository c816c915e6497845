//! Azure does not do what it is asked.

use futures::future::FutureExt;
use tokio::time::sleep;

use super::{SECOND, WRITERS, situation};
use crate::play::{Situation, fail_reads};

pub(super) fn failing() -> Vec<Situation> {
    vec![
        situation!("retrying", "Retrying", WRITERS, |world, subject, object| {
            subject.begin(world).await;
            subject.refuse_writes(world, object, 500, "InternalServerError");
            subject.apply(world, object);
            subject.until(world, object, "Retrying").await;
        }),
        situation!("throttled", "Throttled", WRITERS, |world, subject, object| {
            subject.begin(world).await;
            subject.refuse_writes(world, object, 429, "TooManyRequests");
            subject.apply(world, object);
            subject.until(world, object, "Throttled").await;
        }),
        situation!("parent-busy", "ParentBusy", WRITERS, |world, subject, object| {
            subject.begin(world).await;
            subject.refuse_writes(world, object, 409, "AnotherOperationInProgress");
            subject.apply(world, object);
            subject.until(world, object, "ParentBusy").await;
        }),
        situation!("unverified", "Unverified", WRITERS, |world, subject, object| {
            subject.succeed(world, object).await;
            sleep(SECOND * 300).await;
            fail_reads(world, 500, "InternalServerError");
            subject.until(world, object, "Unverified").await;
        }),
        situation!("forbidden", "Forbidden", WRITERS, |world, subject, object| {
            subject.begin(world).await;
            subject.refuse_writes(world, object, 403, "AuthorizationFailed");
            subject.apply(world, object);
            subject.until(world, object, "Forbidden").await;
        }),
        situation!(
            "over-quota",
            "QuotaExceeded",
            WRITERS,
            |world, subject, object| {
                subject.begin(world).await;
                subject.refuse_writes(world, object, 400, subject.full);
                subject.apply(world, object);
                subject.until(world, object, "QuotaExceeded").await;
            }
        ),
        situation!(
            "not-accepted",
            "InvalidSpec",
            WRITERS,
            |world, subject, object| {
                subject.begin(world).await;
                subject.refuse_writes(world, object, 400, "InvalidRequestFormat");
                subject.apply(world, object);
                subject.until(world, object, "InvalidSpec").await;
            }
        ),
        situation!(
            "no-identity",
            "IdentityFailed",
            WRITERS,
            |world, subject, object| {
                subject.begin(world).await;
                subject.refuse_writes(world, object, 401, "InvalidAuthenticationToken");
                subject.apply(world, object);
                subject.until(world, object, "IdentityFailed").await;
            }
        ),
    ]
}
