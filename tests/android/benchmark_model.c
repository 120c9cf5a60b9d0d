// Stands for LiteRT's benchmark_model: it takes the same options, is as strict about them, prints
// the same lines, and writes the outputs of a real LiteRT. What it shares with tfprune's own runner
// is in model.c. With -DWRONG its outputs are zeros.

#include "model.c"

#include <sys/resource.h>

static Settings own = {.library = "/app/libLiteRt.so", .cpu_mask = ""};
static char **words;

_Noreturn void fail(int out, int number, const char *step, const char *text) {
  (void)out, (void)number;
  fprintf(stderr, "ERROR: Failed to %s: %s\nERROR: Benchmarking failed.\n", step, text);
  _exit(1);
}

void report(void) {}  // the runner's, which nobody calls

_Noreturn static void fatal(const char *text) {
  fprintf(stderr, "FATAL: %s\n", text);
  abort();
}

static char *option(const char *name, char *standard) {
  size_t length = strlen(name);
  for (char **word = words; *word; word++)
    if (!strncmp(*word, name, length) && (*word)[length] == '=') return *word + length + 1;
  return standard;
}

// The buffer of an input or output: the file's order is not the signature's.
static Handle buffer_of(Handle model, int is_output, size_t index) {
  void *library = dlopen(own.library, RTLD_NOW);
  Status (*get_subgraph)(Handle, size_t, Handle *);
  Status (*get)(Handle, size_t, Handle *);
  *(void **)&get_subgraph = dlsym(library, "LiteRtGetModelSubgraph");
  *(void **)&get = dlsym(library, is_output ? "LiteRtGetSubgraphOutput" : "LiteRtGetSubgraphInput");
  Handle subgraph, wanted, tensor;
  CHECK("load", get_subgraph(model, 0, &subgraph));
  CHECK("load", get(subgraph, index, &wanted));
  for (size_t i = 0;; i++) {
    CHECK("load", is_output ? GetSignatureOutputTensorByIndex(the.signature, i, &tensor)
                            : GetSignatureInputTensorByIndex(the.signature, i, &tensor));
    if (tensor == wanted) return is_output ? the.outputs[i] : the.inputs[i];
  }
}

static void want_one_signature(Handle model) {
  Status (*count)(Handle, size_t *);
  size_t signatures;
  *(void **)&count = dlsym(dlopen(own.library, RTLD_NOW), "LiteRtGetNumModelSignatures");
  CHECK("load", count(model, &signatures));
  if (signatures < 2) return;
  fprintf(stderr, "ERROR: Signature not specified or incorrect. Pass one of the following to the "
                  "flag \"--signature_to_run_for\"\nERROR: Benchmarking failed.\n");
  _exit(1);
}

static Handle load_model(void) {
  char toml[96];
  Handle model, options;
  bool whole;
  open_environment();
  double start = now_ms();
  snprintf(toml, sizeof toml, "num_threads = %s\n%s", option("--num_threads", "1"),
           own.xnnpack ? "" : "kernel_mode = \"builtin\"\n");
  CHECK("load", CreateModelFromFile(the.environment, option("--graph", ""), &model));
  want_one_signature(model);
  CHECK("load", CreateOptions(&options));
  CHECK("load", SetOptionsHardwareAccelerators(options, ON_CPU));
  add_option(options, "xnnpack", toml);
  CHECK("load", CreateCompiledModel(the.environment, model, options, &the.compiled));
  CHECK("load", GetModelSignature(model, 0, &the.signature));
  CHECK("load", GetNumSignatureInputs(the.signature, &the.n_inputs));
  CHECK("load", GetNumSignatureOutputs(the.signature, &the.n_outputs));
  make_buffers();
  the.load_ms = now_ms() - start;
  CHECK("load", CompiledModelIsFullyAccelerated(the.compiled, &whole));
  if (own.xnnpack)
    printf("INFO: Explicitly applied XNNPACK delegate, and the model graph will be %s executed by "
           "the delegate%s.\n", whole ? "completely" : "partially",
           whole ? "" : " w/ 1 delegate kernels");
  return model;
}

// i0:0.0.raw,i1:0.1.raw
static void read_inputs(Handle model) {
  char *at[3] = {option("--input_layer", ""), option("--input_layer_shape", ""),
                 option("--input_layer_value_files", "")};
  for (size_t i = 0; i < the.n_inputs; i++) {
    char *name = strsep(&at[0], ","), *shape = strsep(&at[1], ":"), *pair = strsep(&at[2], ",");
    if (!name || !shape || !*shape || !pair) fatal("Inputs mismatch");
    char *path = strchr(pair, ':');
    if (!path || strncmp(pair, name, path - pair)) fatal("Cannot find the input_layer name");
    FILE *file = fopen(path + 1, "rb");
    if (!file) fatal("Failed to read the input_layer_value_file");
    Handle buffer = buffer_of(model, 0, i);
    size_t size;
    void *address;
    CHECK("input", GetTensorBufferPackedSize(buffer, &size));
    CHECK("input", LockTensorBuffer(buffer, &address, FOR_WRITING));
    if (fread(address, 1, size, file) != size || fgetc(file) != EOF) fatal("The size of a file");
    CHECK("input", UnlockTensorBuffer(buffer));
    fclose(file);
  }
  if (at[0] || at[1] || at[2]) fatal("Inputs mismatch");
}

static int by_size(const void *a, const void *b) {
  long x = *(const long *)a, y = *(const long *)b;
  return (x > y) - (x < y);
}

// As BenchmarkModel::Run; returns the first run and sets the average, in microseconds.
static long run_many(int runs, double seconds, double most, double *average) {
  printf("INFO: Running benchmark for at least %d iterations and at least %g seconds but terminate "
         "if exceeding %g seconds.\n", runs, seconds, most);
  long *us = malloc(MAX_TIMES * sizeof *us), first, last, n = 0, sum = 0;
  double now = now_ms(), start = now;
  while ((n < runs || now < start + seconds * 1e3) && now <= start + most * 1e3 && n < MAX_TIMES) {
    us[n++] = run_ms() * 1e3;
    now = now_ms();
  }
  if (!n) return printf("INFO: count=0 p5=0 median=0 p95=0\n\n"), 0;
  first = us[0], last = us[n - 1];
  for (long i = 0; i < n; i++) sum += us[i];
  qsort(us, n, sizeof *us, by_size);
  *average = (double)sum / n;
  if (us[0] == us[n - 1]) printf("INFO: count=%ld curr=%ld%s", n, last, n > 1 ? "(all same)" : "");
  else
    printf("INFO: count=%ld first=%ld curr=%ld min=%ld max=%ld avg=%g std=%ld", n, first, last,
           us[0], us[n - 1], *average, 1L);
  printf(" p5=%ld median=%ld p95=%ld\n\n", us[n * 5 / 100], us[n / 2], us[n * 95 / 100]);
  free(us);
  return first;
}

static void save_outputs(Handle model) {
  FILE *file = fopen(option("--output_filepath", "/dev/null"), "wb");
  for (size_t i = 0; i < the.n_outputs; i++) {
    Handle buffer = buffer_of(model, 1, i);
    size_t size;
    void *address;
    CHECK("output", GetTensorBufferPackedSize(buffer, &size));
    CHECK("output", LockTensorBuffer(buffer, &address, FOR_READING));
#ifdef WRONG
    address = calloc(size, 1);
#endif
    fwrite(address, 1, size, file);
  }
  fclose(file);
}

int main(int argc, char **argv) {
  struct rusage before, after;
  double warm = 0, timed = 0, most = 0;
  words = argv + 1, the.settings = &own, own.threads = argc;
  printf("INFO: STARTING!\n");
  if (!*option("--graph", ""))
    fail(0, 0, "start", "Please specify the name of your TF Lite input file with --graph");
  own.xnnpack = !strcmp(option("--use_xnnpack", "true"), "true");
  most = atof(option("--max_secs", "150"));
  getrusage(RUSAGE_SELF, &before);
  Handle model = load_model();
  read_inputs(model);
  long first = run_many(atoi(option("--warmup_runs", "1")),
                        atof(option("--warmup_min_secs", "0.5")), most, &warm);
  run_many(atoi(option("--num_runs", "50")), atof(option("--min_secs", "1")), most, &timed);
  getrusage(RUSAGE_SELF, &after);
  printf("INFO: Inference timings in us: Init: %ld, First inference: %ld, Warmup (avg): %g, "
         "Inference (avg): %g\n", (long)(the.load_ms * 1e3), first, warm, timed);
  printf("INFO: Memory footprint delta from the start of the tool (MB): init=0.5 overall=%g\n",
         (after.ru_maxrss - before.ru_maxrss) / 1024.0);
  save_outputs(model);
  fflush(stdout);
  _exit(0);
}
