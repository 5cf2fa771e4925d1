//! What a product, a root and a pseudorandom share cost in each field.

use std::hint::black_box;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use gavel::field::bulk::{add_scaled, inner_product, mul_into, powers};
use gavel::field::{Field, Mersenne61, Mersenne127, Pair127, Prime256};

const LEN: usize = 1024;

fn field<F: Field>(group: &mut BenchmarkGroup<'_, WallTime>) {
    let base = F::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
    let values = powers(base, LEN);
    let mut product = values.clone();
    group.throughput(Throughput::Elements(LEN as u64));
    group.bench_function(format!("multiply, {}", F::NAME), |bench| {
        bench.iter(|| mul_into(black_box(&mut product), black_box(&values)));
    });
    group.bench_function(format!("add scaled, {}", F::NAME), |bench| {
        bench.iter(|| add_scaled(black_box(&mut product), base, black_box(&values)));
    });
    group.bench_function(format!("inner product, {}", F::NAME), |bench| {
        bench.iter(|| inner_product(black_box(&product), black_box(&values)));
    });
    let squares: Vec<F> = values.iter().take(64).map(|value| value.square()).collect();
    group.throughput(Throughput::Elements(squares.len() as u64));
    group.bench_function(format!("inverse roots, {}", F::NAME), |bench| {
        bench.iter(|| F::inverse_roots(black_box(&mut squares.clone())));
    });
    group.throughput(Throughput::Elements(1));
    group.bench_function(format!("invert, {}", F::NAME), |bench| {
        bench.iter(|| black_box(base).invert());
    });
}

fn fields(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("field");
    group.measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(300));
    field::<Mersenne61>(&mut group);
    field::<Mersenne127>(&mut group);
    field::<Pair127>(&mut group);
    field::<Prime256>(&mut group);
    group.finish();
}

criterion_group!(benches, fields);
criterion_main!(benches);
