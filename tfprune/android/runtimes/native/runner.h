// What the two halves of the runner share: the parent, which takes turns, and one child per model.

#pragma once

enum { MAX_MODELS = 16, MAX_ROUNDS = 100 };

typedef struct {
  const char *library;
  const char *runtime;
  const char *cpu_mask;
  int models, threads, xnnpack, warmup, profile;
  int rounds, runs[MAX_ROUNDS];
} Settings;

// The verbs that the parent sends to a child, each followed by a number.
enum { LOAD = 'l', WARM_UP = 'w', TIME = 't', REPORT = 'r' };

// Obey the verbs read from `in`, one line written to `out` for each; ends the process.
_Noreturn void serve_model(const Settings *settings, int number, int in, int out);

// See whether LiteRT can be opened here; ends the process if it cannot.
void try_library(const Settings *settings);

// Write the error object as a line to `out` and end the process.
_Noreturn void fail(int out, int number, const char *step, const char *text);

// Write a string with the quotes and escapes of JSON.
void put_string(int out, const char *text);
