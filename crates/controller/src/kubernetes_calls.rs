//! A client of the cluster whose calls are counted, as client-go counts its own.

use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response};
use kube::Client;
use kube::client::{Body, ClientBuilder};
use privatelink_engine::metrics::Metrics;
use tower::{Layer, Service};

use crate::{Failure, cluster};

/// A client as [`crate::client`] makes it, which tells the metrics of every call.
pub(crate) async fn observed_client(metrics: &Metrics) -> Result<Client, Failure> {
    let config = cluster().await?;
    let layer = Counting {
        metrics: metrics.clone(),
        host: host(&config.cluster_url),
    };
    let builder =
        ClientBuilder::try_from(config).map_err(|error| Failure::kubernetes_configuration(&error))?;
    Ok(builder.with_layer(&layer).build())
}

/// Host and port, and never what else may stand in a URL.
fn host(url: &http::Uri) -> String {
    let name = url.host().unwrap_or_default();
    match url.port_u16() {
        Some(port) => format!("{name}:{port}"),
        None => name.to_owned(),
    }
}

struct Counting {
    metrics: Metrics,
    host: String,
}

impl<S> Layer<S> for Counting {
    type Service = Counted<S>;

    fn layer(&self, inner: S) -> Counted<S> {
        Counted {
            inner,
            metrics: self.metrics.clone(),
            host: self.host.clone(),
        }
    }
}

#[derive(Clone)]
struct Counted<S> {
    inner: S,
    metrics: Metrics,
    host: String,
}

impl<S, B> Service<Request<Body>> for Counted<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let call = Call {
            metrics: self.metrics.clone(),
            host: self.host.clone(),
            method: request.method().clone(),
            status: None,
        };
        let answer = self.inner.call(request);
        Box::pin(async move {
            let mut call = call;
            let answer = answer.await;
            call.status = answer.as_ref().ok().map(|answer| answer.status().as_u16());
            answer
        })
    }
}

/// Tells of a call when it is over, also where nobody waits for it any longer.
struct Call {
    metrics: Metrics,
    host: String,
    method: http::Method,
    status: Option<u16>,
}

impl Drop for Call {
    fn drop(&mut self) {
        self.metrics
            .asked_kubernetes(self.method.as_str(), &self.host, self.status);
    }
}
