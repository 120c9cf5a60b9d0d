// The line that a child writes at its end: its times, outputs and ops.

#define _GNU_SOURCE
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *type_name(int element) {
  // LiteRtElementType of litert_model_types.h
  static const char *names[] = {0,      "float32", "int32",     "uint8", "int64",   0,
                                "bool", "int16",   "complex64", "int8",  "float16", "float64"};
  int known = element > 0 && element < (int)(sizeof names / sizeof *names);
  return known && names[element] ? names[element] : "unknown";
}

static void put_base64(const unsigned char *bytes, size_t size) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  char text[4096 + 4];
  size_t n = 0;
  for (size_t i = 0; i < size; i += 3) {
    size_t left = size - i;
    unsigned v = bytes[i] << 16;
    if (left > 1) v |= bytes[i + 1] << 8;
    if (left > 2) v |= bytes[i + 2];
    text[n++] = digits[v >> 18];
    text[n++] = digits[v >> 12 & 63];
    text[n++] = left > 1 ? digits[v >> 6 & 63] : '=';
    text[n++] = left > 2 ? digits[v & 63] : '=';
    if (n >= 4096 || left <= 3) dprintf(the.out, "%.*s", (int)n, text), n = 0;
  }
}

static void put_outputs(void) {
  dprintf(the.out, ",\"outputs\":[");
  for (size_t i = 0; i < the.n_outputs; i++) {
    const char *name;
    size_t size;
    void *address;
    CHECK("output", GetSignatureOutputName(the.signature, i, &name));
    CHECK("output", GetTensorBufferPackedSize(the.outputs[i], &size));
    CHECK("output", LockTensorBuffer(the.outputs[i], &address, FOR_READING));
    dprintf(the.out, "%s{\"name\":", i ? "," : "");
    put_string(the.out, name);
    dprintf(the.out, ",\"type\":\"%s\",\"shape\":[", type_name(the.output_types[i].element));
    for (unsigned a = 0; a < the.output_types[i].layout.rank; a++)
      dprintf(the.out, "%s%d", a ? "," : "", the.output_types[i].layout.sizes[a]);
    dprintf(the.out, "],\"base64\":\"");
    put_base64(address, size);
    dprintf(the.out, "\"}");
    CHECK("output", UnlockTensorBuffer(the.outputs[i]));
  }
  dprintf(the.out, "]");
}

// An op of the file, or one inside a delegate (two kinds); a delegate's own node is their sum.
static int is_op(const Event *event) {
  return (event->kind == 2 || event->kind == 4 || event->kind == 8) &&
         !strstr(event->tag, "Delegate");
}

// The ops of the first profiled run, and the time of each in every run, op by op.
static char **tags;
static uint64_t *elapsed_us;
static int n_ops;

static void keep_ops(const Event *events, int count) {
  tags = calloc(count + 1, sizeof *tags);
  for (int i = 0; i < count; i++)
    if (is_op(&events[i])) tags[n_ops++] = strdup(events[i].tag);
  elapsed_us = calloc((size_t)the.settings->profile * n_ops + 1, sizeof *elapsed_us);
}

static void keep_times(const Event *events, int count, int run) {
  int op = 0, same = 1;
  for (int i = 0; i < count && same; i++) {
    if (!is_op(&events[i])) continue;
    same = op < n_ops && !strcmp(tags[op], events[i].tag);
    if (same) elapsed_us[op++ * the.settings->profile + run] = events[i].elapsed_us;
  }
  if (!same || op < n_ops)
    fail(the.out, the.number, "run", "the profiled runs did not consist of the same ops");
}

static void profile(void) {
  Handle profiler;
  CHECK("run", CompiledModelGetProfiler(the.compiled, &profiler));
  if (!profiler) fail(the.out, the.number, "run", "this LiteRT gives no profiler");
  for (int run = 0, count; run < the.settings->profile; run++) {
    CHECK("run", ResetProfiler(profiler));
    CHECK("run", StartProfiler(profiler));
    run_ms();
    CHECK("run", StopProfiler(profiler));
    CHECK("run", GetNumProfilerEvents(profiler, &count));
    Event *events = calloc(count + 1, sizeof *events);
    CHECK("run", GetProfilerEvents(profiler, count, events));
    if (!run) keep_ops(events, count);
    keep_times(events, count, run);
    free(events);
  }
}

static void put_ops(void) {
  int runs = the.settings->profile;
  dprintf(the.out, ",\"ops\":[");
  for (int op = 0; op < n_ops; op++) {
    dprintf(the.out, "%s[", op ? "," : "");
    put_string(the.out, tags[op]);
    for (int run = 0; run < runs; run++)
      dprintf(the.out, "%s%llu", run ? "," : ",[",
              (unsigned long long)elapsed_us[op * runs + run]);
    dprintf(the.out, "]]");
  }
  dprintf(the.out, "]");
}

static void put_rounds(void) {
  dprintf(the.out, ",\"rounds_ms\":[");
  for (int round = 0, i = 0; round < the.n_rounds; round++) {
    dprintf(the.out, "%s", round ? "],[" : "[");
    for (int first = i; i < the.ends[round]; i++)
      dprintf(the.out, "%s%.4f", i > first ? "," : "", the.times[i]);
  }
  dprintf(the.out, the.n_rounds ? "]]" : "]");
}

void report(void) {
  bool accelerated = false;
  long peak_kb = memory_kb("VmHWM:");
  if (the.settings->profile) profile();  // before anything is written, for it may fail
  CompiledModelIsFullyAccelerated(the.compiled, &accelerated);
  dprintf(the.out, "{\"file\":\"%d.tflite\",\"load_ms\":%.4f,\"first_ms\":%.4f", the.number,
          the.load_ms, the.first_ms);
  dprintf(the.out, ",\"warmup_runs\":%d,\"settled\":%s", the.warmup_runs,
          the.settled ? "true" : "false");
  put_rounds();
  if (peak_kb < 0 || the.memory_before_kb < 0) dprintf(the.out, ",\"peak_memory_bytes\":null");
  else dprintf(the.out, ",\"peak_memory_bytes\":%ld", (peak_kb - the.memory_before_kb) * 1024);
  dprintf(the.out, ",\"fully_accelerated\":%s,\"delegate\":\"%s\"", accelerated ? "true" : "false",
          the.settings->xnnpack ? "XNNPACK" : "builtin kernels");
  put_outputs();
  if (the.settings->profile) put_ops();
  else dprintf(the.out, ",\"ops\":null");
  dprintf(the.out, "}\n");
}
