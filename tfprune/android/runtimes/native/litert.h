// The part of LiteRT's C API that the runner calls, written down from its headers (version 2.3:
// litert/c/litert_*.h), so that no header of it is needed. The library is opened at run time.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef void *Handle;
typedef int32_t Status;

typedef struct {
  unsigned int rank : 7;
  unsigned int has_strides : 1;
  int32_t sizes[8];
  uint32_t strides[8];
} Layout;

typedef struct {
  int32_t element;
  Layout layout;
} RankedType;

typedef struct {
  const char *tag;
  int kind;
  uint64_t start_us;
  uint64_t elapsed_us;
  int64_t memory[6];
  uint64_t node;
  uint64_t metadata;
  int source;
} Event;

_Static_assert(sizeof(Layout) == 68 && sizeof(RankedType) == 72, "LiteRtRankedTensorType");
_Static_assert(sizeof(Event) == 104, "ProfiledEventData");

enum { ON_CPU = 1, FOR_READING = 0, FOR_WRITING = 1 };

// result, name without the prefix LiteRt, arguments
#define LITERT(X) \
  X(Status, CreateEnvironment, (int, const void *, Handle *)) \
  X(Status, CreateModelFromFile, (Handle, const char *, Handle *)) \
  X(Status, GetModelSignature, (Handle, size_t, Handle *)) \
  X(Status, GetNumSignatureInputs, (Handle, size_t *)) \
  X(Status, GetNumSignatureOutputs, (Handle, size_t *)) \
  X(Status, GetSignatureInputName, (Handle, size_t, const char **)) \
  X(Status, GetSignatureOutputName, (Handle, size_t, const char **)) \
  X(Status, GetSignatureInputTensorByIndex, (Handle, size_t, Handle *)) \
  X(Status, GetSignatureOutputTensorByIndex, (Handle, size_t, Handle *)) \
  X(Status, GetRankedTensorType, (Handle, RankedType *)) \
  X(Status, CreateOptions, (Handle *)) \
  X(Status, SetOptionsHardwareAccelerators, (Handle, int)) \
  X(Status, CreateOpaqueOptions, (const char *, void *, void (*)(void *), Handle *)) \
  X(Status, AddOpaqueOptions, (Handle, Handle)) \
  X(Status, CreateCompiledModel, (Handle, Handle, Handle, Handle *)) \
  X(Status, CompiledModelIsFullyAccelerated, (Handle, bool *)) \
  X(Status, CompiledModelGetProfiler, (Handle, Handle *)) \
  X(Status, GetCompiledModelInputBufferRequirements, (Handle, size_t, size_t, Handle *)) \
  X(Status, GetCompiledModelOutputBufferRequirements, (Handle, size_t, size_t, Handle *)) \
  X(Status, GetCompiledModelInputTensorLayout, (Handle, size_t, size_t, Layout *)) \
  X(Status, GetCompiledModelOutputTensorLayouts, (Handle, size_t, size_t, Layout *, bool)) \
  X(Status, CreateManagedTensorBufferFromRequirements, \
    (Handle, const RankedType *, Handle, Handle *)) \
  X(Status, GetTensorBufferPackedSize, (Handle, size_t *)) \
  X(Status, LockTensorBuffer, (Handle, void **, int)) \
  X(Status, UnlockTensorBuffer, (Handle)) \
  X(Status, RunCompiledModel, (Handle, size_t, size_t, Handle *, size_t, Handle *)) \
  X(Status, StartProfiler, (Handle)) \
  X(Status, StopProfiler, (Handle)) \
  X(Status, ResetProfiler, (Handle)) \
  X(Status, GetNumProfilerEvents, (Handle, int *)) \
  X(Status, GetProfilerEvents, (Handle, int, Event *))

#define DECLARE(result, name, arguments) extern result(*name) arguments;
LITERT(DECLARE)
#undef DECLARE
