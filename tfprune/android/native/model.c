// One model in a process of its own: load, run, time, report.

#define _GNU_SOURCE
#include "litert.h"
#include "runner.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DEFINE(result, name, arguments) result(*name) arguments;
LITERT(DEFINE)
#undef DEFINE

enum { MAX_TENSORS = 64, BATCH = 5, MOST_BATCHES = 21, MOST_TIMES = 1 << 20 };
static const double WARM_UP_MS = 5000, SETTLED = 0.05;

static const Settings *settings;
static int number, out;
static Handle environment, model, compiled, signature, profiler;
static Handle inputs[MAX_TENSORS], outputs[MAX_TENSORS];
static RankedType output_types[MAX_TENSORS];
static size_t n_inputs, n_outputs;
static double load_ms, first_ms, *times;
static long memory_before_kb;
static int warmup_runs, settled, n_times, ends[MAX_ROUNDS], n_rounds;

static _Noreturn void failed(const char *step, const char *what, long status) {
  char text[512];
  snprintf(text, sizeof text, "%s returned status %ld", what, status);
  fail(out, number, step, text);
}

#define CHECK(step, call) \
  do { \
    long status_ = (call); \
    if (status_) failed(step, "LiteRt" #call, status_); \
  } while (0)

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

// A row of /proc/self/status in kB, or -1.
static long memory_kb(const char *key) {
  char text[4096];
  int file = open("/proc/self/status", O_RDONLY);
  if (file < 0) return -1;
  ssize_t n = read(file, text, sizeof text - 1);
  close(file);
  text[n < 0 ? 0 : n] = 0;
  const char *row = strstr(text, key);
  return row ? strtol(row + strlen(key), 0, 10) : -1;
}

static void open_library(void) {
  void *library = dlopen(settings->library, RTLD_NOW | RTLD_LOCAL);
  if (!library) fail(out, number, "library", dlerror());
#define FIND(result, name, arguments) \
  if (!(*(void **)&name = dlsym(library, "LiteRt" #name))) \
    fail(out, number, "library", "it has no function LiteRt" #name ", as LiteRT 2.3 has");
  LITERT(FIND)
#undef FIND
}

static void open_environment(void) {
  open_library();
  CHECK("library", CreateEnvironment(0, 0, &environment));
}

void try_library(const Settings *given) {
  settings = given, number = -1, out = 1;
  open_environment();
}

static void add_option(Handle options, const char *name, const char *toml) {
  Handle option;
  CHECK("load", CreateOpaqueOptions(name, strdup(toml), free, &option));
  CHECK("load", AddOpaqueOptions(options, option));
}

static Handle make_buffer(const RankedType *type, Handle requirements) {
  Handle buffer;
  CHECK("load",
        CreateManagedTensorBufferFromRequirements(environment, type, requirements, &buffer));
  return buffer;
}

static void make_buffers(void) {
  Handle tensor, needs;
  RankedType type;
  Layout layouts[MAX_TENSORS];
  for (size_t i = 0; i < n_inputs; i++) {
    CHECK("load", GetSignatureInputTensorByIndex(signature, i, &tensor));
    CHECK("load", GetRankedTensorType(tensor, &type));
    CHECK("load", GetCompiledModelInputTensorLayout(compiled, 0, i, &type.layout));
    CHECK("load", GetCompiledModelInputBufferRequirements(compiled, 0, i, &needs));
    inputs[i] = make_buffer(&type, needs);
  }
  CHECK("load", GetCompiledModelOutputTensorLayouts(compiled, 0, n_outputs, layouts, true));
  for (size_t i = 0; i < n_outputs; i++) {
    CHECK("load", GetSignatureOutputTensorByIndex(signature, i, &tensor));
    CHECK("load", GetRankedTensorType(tensor, &output_types[i]));
    output_types[i].layout = layouts[i];
    CHECK("load", GetCompiledModelOutputBufferRequirements(compiled, 0, i, &needs));
    outputs[i] = make_buffer(&output_types[i], needs);
  }
}

static void take(int file, void *into, size_t size) {
  for (ssize_t n; size; into = (char *)into + n, size -= n)
    if ((n = read(file, into, size)) <= 0) fail(out, number, "input", "its file is not whole");
}

static void fill_input(const char *name, int file, uint64_t bytes) {
  for (size_t i = 0; i < n_inputs; i++) {
    const char *own;
    CHECK("input", GetSignatureInputName(signature, i, &own));
    if (strcmp(own, name)) continue;
    size_t size;
    void *address;
    CHECK("input", GetTensorBufferPackedSize(inputs[i], &size));
    if (size != bytes) fail(out, number, "input", "it is not as large as what was given");
    CHECK("input", LockTensorBuffer(inputs[i], &address, FOR_WRITING));
    take(file, address, size);
    CHECK("input", UnlockTensorBuffer(inputs[i]));
    return;
  }
  fail(out, number, "input", "the model has none of a name that was given");
}

static void fill_inputs(void) {
  char path[32], name[4096];
  snprintf(path, sizeof path, "%d.in", number);
  int file = open(path, O_RDONLY);
  if (file < 0) fail(out, number, "input", "its file cannot be opened");
  for (size_t i = 0; i < n_inputs; i++) {
    uint32_t length;
    uint64_t bytes;
    take(file, &length, sizeof length);
    take(file, &bytes, sizeof bytes);
    if (length >= sizeof name) fail(out, number, "input", "a name is too long");
    take(file, name, length);
    name[length] = 0;
    fill_input(name, file, bytes);
  }
  close(file);
}

static double run_ms(void) {
  double start = now_ms();
  CHECK("run", RunCompiledModel(compiled, 0, n_inputs, inputs, n_outputs, outputs));
  return now_ms() - start;
}

static void load(void) {
  char path[32], toml[96];
  Handle options;
  open_environment();
  int peak = open("/proc/self/clear_refs", O_WRONLY);  // 5: reset the peak to what is there now
  if (peak >= 0 && write(peak, "5", 1) < 0) {}
  if (peak >= 0) close(peak);
  memory_before_kb = memory_kb("VmRSS:");
  double start = now_ms();
  snprintf(path, sizeof path, "%d.tflite", number);
  snprintf(toml, sizeof toml, "num_threads = %d\n%s", settings->threads,
           settings->xnnpack ? "" : "kernel_mode = \"builtin\"\n");
  CHECK("load", CreateModelFromFile(environment, path, &model));
  CHECK("load", CreateOptions(&options));
  CHECK("load", SetOptionsHardwareAccelerators(options, ON_CPU));
  add_option(options, "xnnpack", toml);
  if (settings->profile)
    add_option(options, "runtime_options_string", "enable_profiling = true\n");
  CHECK("load", CreateCompiledModel(environment, model, options, &compiled));
  CHECK("load", GetModelSignature(model, 0, &signature));
  CHECK("load", GetNumSignatureInputs(signature, &n_inputs));
  CHECK("load", GetNumSignatureOutputs(signature, &n_outputs));
  if (n_inputs > MAX_TENSORS || n_outputs > MAX_TENSORS)
    fail(out, number, "load", "it has more than 64 inputs or outputs");
  make_buffers();
  load_ms = now_ms() - start;
  fill_inputs();
  first_ms = run_ms();
  times = malloc(MOST_TIMES * sizeof *times);
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median_of_batch(void) {
  double batch[BATCH];
  for (int i = 0; i < BATCH; i++) batch[i] = run_ms();
  warmup_runs += BATCH;
  qsort(batch, BATCH, sizeof *batch, by_value);
  return batch[BATCH / 2];
}

// Run untimed: `runs` times, or until two batches in a row take the same time.
static void warm_up(int runs) {
  settled = 1;
  for (; warmup_runs < runs; warmup_runs++) run_ms();
  if (runs >= 0) return;
  double start = now_ms(), later = median_of_batch(), earlier;
  for (int batches = 1; batches < MOST_BATCHES && now_ms() - start < WARM_UP_MS; batches++) {
    earlier = later;
    later = median_of_batch();
    double change = later > earlier ? later - earlier : earlier - later;
    if (change <= SETTLED * earlier) return;
  }
  settled = 0;
}

static void time_round(int runs) {
  run_ms();  // not counted: the caches are another model's
  if (n_times + runs > MOST_TIMES) fail(out, number, "arguments", "too many runs");
  for (int i = 0; i < runs; i++) times[n_times++] = run_ms();
  ends[n_rounds++] = n_times;
}

static const char *type_name(int element) {
  static const char *names[] = {[1] = "float32", "int32", "uint8",   "int64",   0,
                                "bool",          "int16", "complex64", "int8", "float16",
                                "float64"};
  int known = element > 0 && element < (int)(sizeof names / sizeof *names);
  return known && names[element] ? names[element] : "unknown";
}

static void put_base64(const unsigned char *bytes, size_t size) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  char text[4096 + 4];
  size_t n = 0;
  for (size_t i = 0; i < size; i += 3) {
    size_t left = size - i;
    unsigned v = bytes[i] << 16 | (left > 1 ? bytes[i + 1] << 8 : 0) | (left > 2 ? bytes[i + 2] : 0);
    text[n++] = digits[v >> 18];
    text[n++] = digits[v >> 12 & 63];
    text[n++] = left > 1 ? digits[v >> 6 & 63] : '=';
    text[n++] = left > 2 ? digits[v & 63] : '=';
    if (n >= 4096 || left <= 3) dprintf(out, "%.*s", (int)n, text), n = 0;
  }
}

static void put_outputs(void) {
  dprintf(out, ",\"outputs\":[");
  for (size_t i = 0; i < n_outputs; i++) {
    const char *name;
    size_t size;
    void *address;
    CHECK("output", GetSignatureOutputName(signature, i, &name));
    CHECK("output", GetTensorBufferPackedSize(outputs[i], &size));
    CHECK("output", LockTensorBuffer(outputs[i], &address, FOR_READING));
    dprintf(out, "%s{\"name\":", i ? "," : "");
    put_string(out, name);
    dprintf(out, ",\"type\":\"%s\",\"shape\":[", type_name(output_types[i].element));
    for (unsigned a = 0; a < output_types[i].layout.rank; a++)
      dprintf(out, "%s%d", a ? "," : "", output_types[i].layout.sizes[a]);
    dprintf(out, "],\"base64\":\"");
    put_base64(address, size);
    dprintf(out, "\"}");
    CHECK("output", UnlockTensorBuffer(outputs[i]));
  }
  dprintf(out, "]");
}

// An op of the file, or one inside a delegate (two kinds); a delegate's own node is their sum.
static int is_op(const Event *event) {
  return (event->kind == 2 || event->kind == 4 || event->kind == 8) &&
         !strstr(event->tag, "Delegate");
}

// Profile the runs; the events of run r are at [r * most], `counts` says how many.
static void profile(void) {
  int runs = settings->profile, n_ops = 0, same = 1, count = 0;
  uint64_t *elapsed = 0;
  Event *events = 0;
  char **tags = 0;
  CHECK("run", CompiledModelGetProfiler(compiled, &profiler));
  if (!profiler) fail(out, number, "run", "this LiteRT gives no profiler");
  for (int run = 0; run < runs && same; run++) {
    CHECK("run", ResetProfiler(profiler));
    CHECK("run", StartProfiler(profiler));
    run_ms();
    CHECK("run", StopProfiler(profiler));
    CHECK("run", GetNumProfilerEvents(profiler, &count));
    events = realloc(events, (count + 1) * sizeof *events);
    CHECK("run", GetProfilerEvents(profiler, count, events));
    if (!run) {
      tags = calloc(count + 1, sizeof *tags);
      for (int i = 0; i < count; i++)
        if (is_op(&events[i])) tags[n_ops++] = strdup(events[i].tag);
      elapsed = calloc((size_t)runs * n_ops + 1, sizeof *elapsed);
    }
    int op = 0;
    for (int i = 0; i < count; i++) {
      if (!is_op(&events[i])) continue;
      same &= op < n_ops && !strcmp(tags[op], events[i].tag);
      if (same) elapsed[op++ * runs + run] = events[i].elapsed_us;
    }
    same &= op == n_ops;
  }
  if (!same) fail(out, number, "run", "the profiled runs did not consist of the same ops");
  dprintf(out, ",\"ops\":[");
  for (int op = 0; op < n_ops; op++) {
    dprintf(out, "%s[", op ? "," : "");
    put_string(out, tags[op]);
    for (int run = 0; run < runs; run++)
      dprintf(out, "%s%llu", run ? "," : ",[", (unsigned long long)elapsed[op * runs + run]);
    dprintf(out, "]]");
  }
  dprintf(out, "]");
}

static void report(void) {
  bool accelerated = false;
  long peak_kb = memory_kb("VmHWM:");
  CompiledModelIsFullyAccelerated(compiled, &accelerated);
  dprintf(out, "{\"file\":\"%d.tflite\",\"load_ms\":%.4f,\"first_ms\":%.4f", number, load_ms, first_ms);
  dprintf(out, ",\"warmup_runs\":%d,\"settled\":%s", warmup_runs, settled ? "true" : "false");
  dprintf(out, ",\"rounds_ms\":[");
  for (int round = 0, i = 0; round < n_rounds; round++) {
    dprintf(out, "%s", round ? "],[" : "[");
    for (int first = i; i < ends[round]; i++) dprintf(out, "%s%.4f", i > first ? "," : "", times[i]);
  }
  dprintf(out, "%s,\"peak_memory_bytes\":", n_rounds ? "]]" : "]");
  if (peak_kb < 0 || memory_before_kb < 0) dprintf(out, "null");
  else dprintf(out, "%ld", (peak_kb - memory_before_kb) * 1024);
  dprintf(out, ",\"fully_accelerated\":%s,\"delegate\":\"%s\"", accelerated ? "true" : "false",
          settings->xnnpack ? "XNNPACK" : "builtin kernels");
  put_outputs();
  if (settings->profile) profile();
  else dprintf(out, ",\"ops\":null");
  dprintf(out, "}\n");
}

_Noreturn void serve_model(const Settings *given, int own_number, int in, int own_out) {
  struct { int verb, value; } request;
  settings = given, number = own_number, out = own_out;
  while (read(in, &request, sizeof request) == sizeof request) {
    if (request.verb == LOAD) load();
    if (request.verb == WARM_UP) warm_up(request.value);
    if (request.verb == TIME) time_round(request.value);
    if (request.verb == REPORT) report();
    else dprintf(out, "ok\n");
  }
  _exit(0);  // the library's own clean-up may hang, and the system does it better
}
