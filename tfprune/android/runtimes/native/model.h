// One loaded model and what was measured of it; one in each child.

#pragma once

#include "litert.h"
#include "runner.h"

enum { MAX_TENSORS = 64, MAX_TIMES = 1 << 20 };

typedef struct {
  const Settings *settings;
  int number, out;
  Handle environment, compiled, signature;
  size_t n_inputs, n_outputs;
  Handle inputs[MAX_TENSORS], outputs[MAX_TENSORS];
  RankedType output_types[MAX_TENSORS];
  double load_ms, first_ms, *times;
  long memory_before_kb;
  int warmup_runs, settled, n_times, n_rounds, ends[MAX_ROUNDS];
} Model;

extern Model the;

#define CHECK(step, call) \
  do { \
    long status_ = (call); \
    if (status_) fail_with_status(step, "LiteRt" #call, status_); \
  } while (0)

_Noreturn void fail_with_status(const char *step, const char *call, long status);

double run_ms(void);

// A row of /proc/self/status in kB, or -1.
long memory_kb(const char *key);

// Write the line with all that was measured.
void report(void);
