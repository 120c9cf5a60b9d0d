// One model in a process of its own: load, run, time, report.

#define _GNU_SOURCE
#include "model.h"

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

enum { BATCH = 5, MOST_BATCHES = 21 };
static const double WARM_UP_MS = 5000, SETTLED = 0.05;

Model the;

_Noreturn void fail_with_status(const char *step, const char *what, long status) {
  char text[512];
  snprintf(text, sizeof text, "%s returned status %ld", what, status);
  fail(the.out, the.number, step, text);
}

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

long memory_kb(const char *key) {
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
  void *library = dlopen(the.settings->library, RTLD_NOW | RTLD_LOCAL);
  if (!library) fail(the.out, the.number, "library", dlerror());
#define FIND(result, name, arguments) \
  if (!(*(void **)&name = dlsym(library, "LiteRt" #name))) \
    fail(the.out, the.number, "library", "it has no function LiteRt" #name ", as LiteRT 2.3 has");
  LITERT(FIND)
#undef FIND
}

static void open_environment(void) {
  open_library();
  CHECK("library", CreateEnvironment(0, 0, &the.environment));
}

void try_library(const Settings *given) {
  the.settings = given, the.number = -1, the.out = 1;
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
        CreateManagedTensorBufferFromRequirements(the.environment, type, requirements, &buffer));
  return buffer;
}

static void make_buffers(void) {
  Handle tensor, needs;
  RankedType type;
  Layout layouts[MAX_TENSORS];
  for (size_t i = 0; i < the.n_inputs; i++) {
    CHECK("load", GetSignatureInputTensorByIndex(the.signature, i, &tensor));
    CHECK("load", GetRankedTensorType(tensor, &type));
    CHECK("load", GetCompiledModelInputTensorLayout(the.compiled, 0, i, &type.layout));
    CHECK("load", GetCompiledModelInputBufferRequirements(the.compiled, 0, i, &needs));
    the.inputs[i] = make_buffer(&type, needs);
  }
  CHECK("load",
        GetCompiledModelOutputTensorLayouts(the.compiled, 0, the.n_outputs, layouts, true));
  for (size_t i = 0; i < the.n_outputs; i++) {
    CHECK("load", GetSignatureOutputTensorByIndex(the.signature, i, &tensor));
    CHECK("load", GetRankedTensorType(tensor, &the.output_types[i]));
    the.output_types[i].layout = layouts[i];
    CHECK("load", GetCompiledModelOutputBufferRequirements(the.compiled, 0, i, &needs));
    the.outputs[i] = make_buffer(&the.output_types[i], needs);
  }
}

static void take(int file, void *into, size_t size) {
  for (ssize_t n; size; into = (char *)into + n, size -= n)
    if ((n = read(file, into, size)) <= 0)
      fail(the.out, the.number, "input", "its file is not whole");
}

static void fill_input(const char *name, int file, uint64_t bytes) {
  for (size_t i = 0; i < the.n_inputs; i++) {
    const char *own;
    CHECK("input", GetSignatureInputName(the.signature, i, &own));
    if (strcmp(own, name)) continue;
    size_t size;
    void *address;
    CHECK("input", GetTensorBufferPackedSize(the.inputs[i], &size));
    if (size != bytes) fail(the.out, the.number, "input", "it is not as large as what was given");
    CHECK("input", LockTensorBuffer(the.inputs[i], &address, FOR_WRITING));
    take(file, address, size);
    CHECK("input", UnlockTensorBuffer(the.inputs[i]));
    return;
  }
  fail(the.out, the.number, "input", "the model has none of a name that was given");
}

static void fill_inputs(void) {
  char path[32], name[4096];
  snprintf(path, sizeof path, "%d.in", the.number);
  int file = open(path, O_RDONLY);
  if (file < 0) fail(the.out, the.number, "input", "its file cannot be opened");
  for (size_t i = 0; i < the.n_inputs; i++) {
    uint32_t length;
    uint64_t bytes;
    take(file, &length, sizeof length);
    take(file, &bytes, sizeof bytes);
    if (length >= sizeof name) fail(the.out, the.number, "input", "a name is too long");
    take(file, name, length);
    name[length] = 0;
    fill_input(name, file, bytes);
  }
  close(file);
}

double run_ms(void) {
  double start = now_ms();
  CHECK("run", RunCompiledModel(the.compiled, 0, the.n_inputs, the.inputs, the.n_outputs,
                                the.outputs));
  return now_ms() - start;
}

static void load(void) {
  char path[32], toml[96];
  Handle model, options;
  open_environment();
  int peak = open("/proc/self/clear_refs", O_WRONLY);  // 5: reset the peak to what is there now
  if (peak >= 0 && write(peak, "5", 1) < 0) {}
  if (peak >= 0) close(peak);
  the.memory_before_kb = memory_kb("VmRSS:");
  double start = now_ms();
  snprintf(path, sizeof path, "%d.tflite", the.number);
  snprintf(toml, sizeof toml, "num_threads = %d\n%s", the.settings->threads,
           the.settings->xnnpack ? "" : "kernel_mode = \"builtin\"\n");
  CHECK("load", CreateModelFromFile(the.environment, path, &model));
  CHECK("load", CreateOptions(&options));
  CHECK("load", SetOptionsHardwareAccelerators(options, ON_CPU));
  add_option(options, "xnnpack", toml);
  if (the.settings->profile)
    add_option(options, "runtime_options_string", "enable_profiling = true\n");
  CHECK("load", CreateCompiledModel(the.environment, model, options, &the.compiled));
  CHECK("load", GetModelSignature(model, 0, &the.signature));
  CHECK("load", GetNumSignatureInputs(the.signature, &the.n_inputs));
  CHECK("load", GetNumSignatureOutputs(the.signature, &the.n_outputs));
  if (the.n_inputs > MAX_TENSORS || the.n_outputs > MAX_TENSORS)
    fail(the.out, the.number, "load", "it has more than 64 inputs or outputs");
  make_buffers();
  the.load_ms = now_ms() - start;
  fill_inputs();
  the.first_ms = run_ms();
  the.times = malloc(MAX_TIMES * sizeof *the.times);
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median_of_batch(void) {
  double batch[BATCH];
  for (int i = 0; i < BATCH; i++) batch[i] = run_ms();
  the.warmup_runs += BATCH;
  qsort(batch, BATCH, sizeof *batch, by_value);
  return batch[BATCH / 2];
}

// Run untimed: `runs` times, or until two batches in a row take the same time.
static void warm_up(int runs) {
  the.settled = 1;
  for (; the.warmup_runs < runs; the.warmup_runs++) run_ms();
  if (runs >= 0) return;
  double start = now_ms(), later = median_of_batch(), earlier;
  for (int batches = 1; batches < MOST_BATCHES && now_ms() - start < WARM_UP_MS; batches++) {
    earlier = later;
    later = median_of_batch();
    double change = later > earlier ? later - earlier : earlier - later;
    if (change <= SETTLED * earlier) return;
  }
  the.settled = 0;
}

static void time_round(int runs) {
  run_ms();  // not counted: the caches are another model's
  if (the.n_times + runs > MAX_TIMES) fail(the.out, the.number, "arguments", "too many runs");
  for (int i = 0; i < runs; i++) the.times[the.n_times++] = run_ms();
  the.ends[the.n_rounds++] = the.n_times;
}

_Noreturn void serve_model(const Settings *given, int own_number, int in, int own_out) {
  struct { int verb, value; } request;
  the.settings = given, the.number = own_number, the.out = own_out;
  while (read(in, &request, sizeof request) == sizeof request) {
    if (request.verb == LOAD) load();
    if (request.verb == WARM_UP) warm_up(request.value);
    if (request.verb == TIME) time_round(request.value);
    if (request.verb == REPORT) report();
    else dprintf(the.out, "ok\n");
  }
  _exit(0);  // the library's own clean-up may hang, and the system does it better
}
