// Time .tflite files side by side on a phone and print one JSON document; see docs/android.md.
//
// Each model lives in a process of its own, so that a crash is an error message and peak memory is
// its own. They take turns: in every round each one runs while the others wait.

#define _GNU_SOURCE
#include "runner.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
  int to, from;
  pid_t process;
} Child;

enum { HEARTBEAT_MS = 2000 };

static Child children[MAX_MODELS];
static int steps_done, steps;

void put_string(int out, const char *text) {
  dprintf(out, "\"");
  for (; *text; text++) {
    unsigned char c = *text;
    if (c == '"' || c == '\\') dprintf(out, "\\%c", c);
    else if (c < 32) dprintf(out, "\\u%04x", c);
    else dprintf(out, "%c", c);
  }
  dprintf(out, "\"");
}

_Noreturn void fail(int out, int number, const char *step, const char *text) {
  dprintf(out, "{\"format\":1,\"error\":{\"file\":\"");
  if (number >= 0) dprintf(out, "%d.tflite", number);
  dprintf(out, "\",\"step\":\"%s\",\"text\":", step);
  put_string(out, text);
  dprintf(out, "}}\n");
  _exit(3);
}

static int to_int(const char *text) {
  char *end;
  long value = strtol(text, &end, 10);
  if (!*text || *end || value < -1 || value > 1000000) fail(1, -1, "arguments", "not a number");
  return value;
}

static void read_rounds(Settings *settings, char *text) {
  for (char *one = strtok(text, ","); one; one = strtok(0, ",")) {
    if (settings->rounds == MAX_ROUNDS) fail(1, -1, "arguments", "more than 100 rounds");
    settings->runs[settings->rounds++] = to_int(one);
  }
}

static Settings read_arguments(int argc, char **argv) {
  Settings s = {.library = "./libLiteRt.so", .runtime = "", .cpu_mask = "", .models = 1,
                .threads = 1, .xnnpack = 1, .warmup = -1};
  for (int i = 1; i + 1 < argc; i += 2) {
    char *name = argv[i], *value = argv[i + 1];
    if (!strcmp(name, "--folder")) { if (chdir(value)) fail(1, -1, "arguments", "no such folder"); }
    else if (!strcmp(name, "--library")) s.library = value;
    else if (!strcmp(name, "--runtime")) s.runtime = value;
    else if (!strcmp(name, "--cpu_mask")) s.cpu_mask = value;
    else if (!strcmp(name, "--models")) s.models = to_int(value);
    else if (!strcmp(name, "--threads")) s.threads = to_int(value);
    else if (!strcmp(name, "--xnnpack")) s.xnnpack = to_int(value);
    else if (!strcmp(name, "--warmup")) s.warmup = to_int(value);
    else if (!strcmp(name, "--profile")) s.profile = to_int(value);
    else if (!strcmp(name, "--rounds")) read_rounds(&s, value);
    else fail(1, -1, "arguments", name);
  }
  if (argc % 2 == 0) fail(1, -1, "arguments", "an option without a value");
  if (s.models < 0 || s.models > MAX_MODELS) fail(1, -1, "arguments", "more than 16 models");
  return s;
}

static void bind_to_cores(const char *mask) {
  unsigned long long bits = strtoull(mask, 0, 16);
  cpu_set_t cores;
  CPU_ZERO(&cores);
  for (int i = 0; i < 64; i++)
    if (bits >> i & 1) CPU_SET(i, &cores);
  if (*mask && sched_setaffinity(0, sizeof cores, &cores))
    fail(1, -1, "arguments", "the phone has none of the cores of this cpu_mask");
}

static void start_child(const Settings *settings, int number) {
  int requests[2], answers[2];
  if (pipe(requests) || pipe(answers)) fail(1, number, "load", "no pipe");
  pid_t process = fork();
  if (process < 0) fail(1, number, "load", "no process");
  if (!process) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(requests[1]);
    close(answers[0]);
    dup2(2, 1);  // standard output is for the document alone
    serve_model(settings, number, requests[0], answers[1]);
  }
  close(requests[0]);
  close(answers[1]);
  children[number] = (Child){requests[1], answers[0], process};
}

// Tell whoever reads this that the phone is there; if they have gone with the cable, end.
static void tell(const char *text) {
  if (dprintf(2, "tfprune: %s\n", text) < 0) _exit(3);
}

static void wait_for(int number) {
  struct pollfd from = {children[number].from, POLLIN, 0};
  while (!poll(&from, 1, HEARTBEAT_MS)) tell("running");
}

// Read a line, without its end; the caller frees it. A child that ended is an error.
static char *answer(int number, const char *step) {
  size_t size = 0, room = 1 << 16;
  char *line = malloc(room), text[64];
  for (ssize_t n;; size += n) {
    if (size + 1 >= room) line = realloc(line, room *= 2);
    wait_for(number);
    n = read(children[number].from, line + size, room - size - 1);
    if (n <= 0) break;
    if (line[size + n - 1] == '\n') {
      line[size + n - 1] = 0;
      return line;
    }
  }
  int status = 0;
  waitpid(children[number].process, &status, 0);
  if (WIFSIGNALED(status)) snprintf(text, sizeof text, "ended by signal %d", WTERMSIG(status));
  else snprintf(text, sizeof text, "ended with exit code %d", WEXITSTATUS(status));
  fail(1, number, step, text);
}

// Send one request and return the answer; an error of the child is this process's last word.
static char *ask(int number, int verb, int value) {
  struct { int verb, value; } request = {verb, value};
  const char *step = verb == LOAD ? "load" : verb == REPORT ? "output" : "run";
  char text[64];
  if (write(children[number].to, &request, sizeof request) < 0) {}  // then it gives no answer
  char *line = answer(number, step);
  if (!strncmp(line, "{\"format\"", 9)) {
    dprintf(1, "%s\n", line);
    _exit(3);
  }
  snprintf(text, sizeof text, "%d of %d, %d.tflite", ++steps_done, steps, number);
  tell(text);
  return line;
}

static void take_turns(const Settings *s) {
  steps = s->models * (s->rounds + 3);
  for (int i = 0; i < s->models; i++) free(ask(i, LOAD, 0));
  for (int i = 0; i < s->models; i++) free(ask(i, WARM_UP, s->warmup));
  for (int round = 0; round < s->rounds; round++)
    for (int i = 0; i < s->models; i++)
      free(ask(round % 2 ? s->models - 1 - i : i, TIME, s->runs[round]));
}

int main(int argc, char **argv) {
  static Settings settings;
  char *reports[MAX_MODELS];
  signal(SIGPIPE, SIG_IGN);  // a child that ended is told of by its exit status
  settings = read_arguments(argc, argv);
  bind_to_cores(settings.cpu_mask);
  if (!settings.models) try_library(&settings);
  for (int i = 0; i < settings.models; i++) start_child(&settings, i);
  take_turns(&settings);
  for (int i = 0; i < settings.models; i++) reports[i] = ask(i, REPORT, 0);
#ifdef __aarch64__
  const char *abi = "arm64-v8a";
#else
  const char *abi = "x86_64";
#endif
  dprintf(1, "{\"format\":1,\"runner\":\"native\",\"abi\":\"%s\",\"runtime\":", abi);
  put_string(1, settings.runtime);
  dprintf(1, ",\"threads\":%d,\"cpu_mask\":", settings.threads);
  put_string(1, settings.cpu_mask);
  dprintf(1, ",\"models\":[");
  for (int i = 0; i < settings.models; i++) {
    dprintf(1, "%s", i ? "," : "");
    size_t size = strlen(reports[i]);
    for (size_t at = 0; at < size;) {
      ssize_t n = write(1, reports[i] + at, size - at);
      if (n <= 0) _exit(3);
      at += n;
    }
  }
  dprintf(1, "]}\n");
  _exit(0);
}
