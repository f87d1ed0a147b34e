//! The cases of controllers, with the reflector of kube-rs.

use std::io::{Read, Write};
use std::pin::Pin;
use std::time::{Duration, Instant};

use futures::{Stream, StreamExt};
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::api::{Api, ListParams, Patch, PatchParams};
use kube::core::{Expression, Selector};
use kube::runtime::reflector::{self, ObjectRef, Store};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Client, ResourceExt};
use serde_json::json;

use crate::{Failure, Measured, POD, Plan, WRITTEN, begin, cpu, memory};

const BATCHES: usize = 20;
const FIRST_CHANGE: usize = 3_000_000;

type Events = Pin<Box<dyn Stream<Item = watcher::Result<watcher::Event<Pod>>> + Send>>;

/// A cache of all pods, which is filled while its events are read.
struct Cache {
    pods: Store<Pod>,
    events: Events,
}

impl Cache {
    fn new(client: &Client, config: watcher::Config) -> Self {
        let (pods, writer) = reflector::store();
        let events = watcher(Api::all(client.clone()), config)
            .modify(|pod: &mut Pod| pod.managed_fields_mut().clear())
            .default_backoff()
            .reflect(writer);
        Self { pods, events: events.boxed() }
    }

    async fn next(&mut self) -> watcher::Result<watcher::Event<Pod>> {
        self.events.next().await.expect("a watcher never ends")
    }

    async fn sync(&mut self) -> Result<(), Failure> {
        while !matches!(self.next().await?, watcher::Event::InitDone) {}
        Ok(())
    }

    /// Reads its events in another task from now on.
    fn spawn(mut self) -> Store<Pod> {
        tokio::spawn(async move { while self.events.next().await.is_some() {} });
        self.pods
    }
}

fn version(pod: &Pod) -> usize {
    pod.resource_version().and_then(|text| text.parse().ok()).expect("a version is a number")
}

fn ready() -> Result<(), Failure> {
    println!("ready");
    Ok(std::io::stdout().flush()?)
}

async fn first_sync(client: &Client, config: watcher::Config, plan: &Plan) -> Result<Measured, Failure> {
    Api::<Pod>::all(client.clone()).list(&ListParams::default().limit(1)).await?;
    let before = memory("VmRSS:")?;
    let mut measured = Measured::default();
    let began = begin();
    let mut cache = Cache::new(client, config);
    cache.sync().await?;
    measured.add(began);
    assert_eq!(cache.pods.len(), plan.number("pods"));
    measured.extra.insert("resident_kib".into(), memory("VmRSS:")?.into());
    measured.extra.insert("before_kib".into(), before.into());
    Ok(measured)
}

/// Lets the server end the watch, and waits until the benchmark has seen the next one.
async fn relist(client: &Client) -> Result<Measured, Failure> {
    let mut cache = Cache::new(client, watcher::Config::default());
    cache.sync().await?;
    ready()?;
    let mut measured = Measured::default();
    let began = begin();
    let mut end = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    loop {
        tokio::select! {
            done = &mut end => { done??; break }
            event = cache.next() => assert!(!matches!(event, Ok(watcher::Event::Apply(_))), "a change was reported"),
        }
    }
    measured.add(began);
    Ok(measured)
}

/// Measures from the first change to the last. The task that reads the events also fills the store.
async fn changes(client: &Client, plan: &Plan) -> Result<Measured, Failure> {
    let mut cache = Cache::new(client, watcher::Config::default());
    cache.sync().await?;
    ready()?;
    let mut measured = Measured::default();
    let mut began = begin();
    let last = FIRST_CHANGE + plan.number("changes") - 1;
    loop {
        if let Ok(watcher::Event::Apply(pod)) = cache.next().await {
            let reached = version(&pod);
            if reached == FIRST_CHANGE {
                began.0 = Instant::now();
            }
            if reached == last {
                break;
            }
        }
    }
    measured.add(began);
    Ok(measured)
}

async fn reads(case: &str, client: &Client, plan: &Plan) -> Result<Measured, Failure> {
    let mut cache = Cache::new(client, watcher::Config::default());
    cache.sync().await?;
    let pods = cache.spawn();
    let mut measured = Measured::default();
    let mut batch = |size: usize, call: &dyn Fn()| {
        for _ in 0..BATCHES {
            let began = Instant::now();
            (0..size).for_each(|_| call());
            measured.seconds.push(began.elapsed().as_secs_f64() / size as f64);
        }
    };
    if case == "get" {
        batch(plan.number("reads"), &|| {
            let key = ObjectRef::new(POD).within(plan.text("namespace"));
            assert!(pods.get(&key).is_some());
        });
    } else {
        let (key, value) = plan.text("label").split_once('=').ok_or("invalid label: expected NAME=VALUE")?;
        let selector = Selector::from(Expression::Equal(key.into(), value.into()));
        batch(1, &|| assert_eq!(pods.state_filter_selector(&selector).len(), plan.number("labelled")));
    }
    Ok(measured)
}

/// Measures from the response of a write until the cache has it.
async fn own_writes(client: &Client, plan: &Plan) -> Result<Measured, Failure> {
    let mut cache = Cache::new(client, watcher::Config::default());
    cache.sync().await?;
    let pods = cache.spawn();
    let own: Api<Pod> = Api::namespaced(client.clone(), plan.text("namespace"));
    let key = ObjectRef::new(WRITTEN).within(plan.text("namespace"));
    let params = PatchParams { field_manager: Some("bench".into()), ..PatchParams::default() };
    let mut measured = Measured::default();
    for turn in 0..plan.number("writes") {
        let mark = format!("own-{}-{turn}", std::process::id());
        let change = json!({"metadata": {"annotations": {"bench": mark}}});
        let patched = version(&own.patch(WRITTEN, &params, &Patch::Merge(change)).await?);
        let began = begin();
        while pods.get(&key).is_none_or(|pod| version(&pod) < patched) {
            tokio::task::yield_now().await;
        }
        measured.add(began);
    }
    Ok(measured)
}

async fn idle(client: &Client, plan: &Plan) -> Result<Measured, Failure> {
    for number in 0..plan.number("informers") {
        let maps: Api<ConfigMap> = Api::namespaced(client.clone(), plan.text("created"));
        let config = watcher::Config::default().labels(&format!("informer={number}"));
        let (reader, writer) = reflector::store();
        let mut events = watcher(maps, config).default_backoff().reflect(writer).boxed();
        tokio::spawn(async move { while events.next().await.is_some() {} });
        reader.wait_until_ready().await?;
    }
    tokio::time::sleep(Duration::from_secs(1)).await; // The last watches open after their sync.
    let seconds = plan.seconds("idle_seconds");
    let mut measured = Measured::default();
    let began = begin();
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
    measured.seconds.push(seconds);
    measured.cpu = (cpu() - began.1) * 60.0 / seconds;
    Ok(measured)
}

pub async fn run(case: &str, client: Client, plan: &Plan) -> Result<Measured, Failure> {
    match case {
        "sync" => first_sync(&client, watcher::Config::default(), plan).await,
        "stream" => first_sync(&client, watcher::Config::default().streaming_lists(), plan).await,
        "relist" => relist(&client).await,
        "changes" => changes(&client, plan).await,
        "consumed" => changes(&client, plan).await,
        "get" => reads(case, &client, plan).await,
        "list" => reads(case, &client, plan).await,
        "own" => own_writes(&client, plan).await,
        "idle" => idle(&client, plan).await,
        _ => Err(format!("no case {case}").into()),
    }
}
