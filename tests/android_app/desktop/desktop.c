/* LiteRT's C API behind DesktopInterpreter's native methods. Prototypes as in LiteRT 2.3's
 * litert/c headers (litert_model.h, litert_compiled_model.h, litert_tensor_buffer.h). */
#include <dlfcn.h>
#include <jni.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct { unsigned rank : 7, strided : 1; int32_t sizes[8]; uint32_t strides[8]; } Layout;
typedef struct { int32_t element; Layout layout; } TensorType;
typedef struct { float scale; int64_t zero_point; } Quantization;
typedef void *Any;

#define FUNCTIONS(F)                                                        \
  F(CreateEnvironment, int, const void *, Any *)                            \
  F(CreateModelFromFile, Any, const char *, Any *)                          \
  F(CreateOptions, Any *)                                                   \
  F(SetOptionsHardwareAccelerators, Any, int)                               \
  F(CreateOpaqueOptions, const char *, void *, void (*)(void *), Any *)     \
  F(AddOpaqueOptions, Any, Any)                                             \
  F(CreateCompiledModel, Any, Any, Any, Any *)                              \
  F(GetModelSignature, Any, size_t, Any *)                                  \
  F(GetNumSignatureInputs, Any, size_t *)                                   \
  F(GetNumSignatureOutputs, Any, size_t *)                                  \
  F(GetSignatureInputName, Any, size_t, const char **)                      \
  F(GetSignatureOutputName, Any, size_t, const char **)                     \
  F(GetSignatureInputTensorByIndex, Any, size_t, Any *)                     \
  F(GetSignatureOutputTensorByIndex, Any, size_t, Any *)                    \
  F(GetRankedTensorType, Any, TensorType *)                                 \
  F(GetQuantizationTypeId, Any, int *)                                      \
  F(GetPerTensorQuantization, Any, Quantization *)                          \
  F(GetCompiledModelInputBufferRequirements, Any, size_t, size_t, Any *)    \
  F(GetCompiledModelOutputBufferRequirements, Any, size_t, size_t, Any *)   \
  F(CreateManagedTensorBufferFromRequirements, Any, const TensorType *, Any, Any *) \
  F(LockTensorBuffer, Any, void **, int)                                    \
  F(UnlockTensorBuffer, Any)                                                \
  F(RunCompiledModel, Any, size_t, size_t, Any *, size_t, Any *)
#define DESTRUCTORS(F) \
  F(DestroyTensorBuffer) F(DestroyCompiledModel) F(DestroyOptions) F(DestroyModel) \
  F(DestroyEnvironment)
#define DECLARE(name, ...) static int (*name)(__VA_ARGS__); /* 0, or what went wrong */
#define DECLARE_DESTRUCTOR(name) static void (*name)(Any);
FUNCTIONS(DECLARE)
DESTRUCTORS(DECLARE_DESTRUCTOR)

enum { OUTPUT, INPUT, MOST = 16 }; /* a jboolean says which */
typedef struct {
  Any environment, model, options, compiled, signature;
  size_t count[2];
  Any tensors[2][MOST], buffers[2][MOST];
  TensorType types[2][MOST];
} Model;

#define METHOD(type, name) \
  JNIEXPORT type JNICALL Java_org_tensorflow_lite_DesktopInterpreter_##name

/* Ends the calling method with an exception if LiteRT refuses. */
#define CHECK(call, otherwise)                                                            \
  do {                                                                                    \
    if (call) {                                                                           \
      (*env)->ThrowNew(env, (*env)->FindClass(env, "java/lang/IllegalArgumentException"), \
                       #call " failed");                                         \
      return otherwise;                                                                   \
    }                                                                                     \
  } while (0)

static int find(const char *library) {
  Any opened = dlopen(library, RTLD_NOW);
#define FIND(name, ...) \
  if (!opened || !(*(void **)&name = dlsym(opened, "LiteRt" #name))) return 1;
  FUNCTIONS(FIND)
  DESTRUCTORS(FIND)
  return 0;
}

static int compile(Model *m, const char *path, int threads) {
  Any opaque;
  char *toml = malloc(32);
  snprintf(toml, 32, "num_threads = %d\n", threads);
  return CreateEnvironment(0, NULL, &m->environment) ||
         CreateModelFromFile(m->environment, path, &m->model) || CreateOptions(&m->options) ||
         SetOptionsHardwareAccelerators(m->options, 1 /* CPU */) ||
         CreateOpaqueOptions("xnnpack", toml, free, &opaque) ||
         AddOpaqueOptions(m->options, opaque) ||
         CreateCompiledModel(m->environment, m->model, m->options, &m->compiled) ||
         GetModelSignature(m->model, 0, &m->signature) ||
         GetNumSignatureInputs(m->signature, &m->count[INPUT]) ||
         GetNumSignatureOutputs(m->signature, &m->count[OUTPUT]) || m->count[INPUT] > MOST ||
         m->count[OUTPUT] > MOST;
}

static int allocate(Model *m, int input, size_t i) {
  Any needed, *tensor = &m->tensors[input][i];
  TensorType *type = &m->types[input][i];
  return (input ? GetSignatureInputTensorByIndex
                : GetSignatureOutputTensorByIndex)(m->signature, i, tensor) ||
         GetRankedTensorType(*tensor, type) ||
         (input ? GetCompiledModelInputBufferRequirements
                : GetCompiledModelOutputBufferRequirements)(m->compiled, 0, i, &needed) ||
         CreateManagedTensorBufferFromRequirements(m->environment, type, needed,
                                                   &m->buffers[input][i]);
}

METHOD(jlong, open)(JNIEnv *env, jclass self, jstring library, jstring path, jint threads) {
  (void)self;
  const char *words[] = {(*env)->GetStringUTFChars(env, library, NULL),
                         (*env)->GetStringUTFChars(env, path, NULL)};
  Model *m = calloc(1, sizeof *m);
  CHECK(find(words[0]), 0);
  CHECK(compile(m, words[1], threads), 0);
  for (int input = 0; input < 2; input++)
    for (size_t i = 0; i < m->count[input]; i++) CHECK(allocate(m, input, i), 0);
  (*env)->ReleaseStringUTFChars(env, library, words[0]);
  (*env)->ReleaseStringUTFChars(env, path, words[1]);
  return (jlong)(intptr_t)m;
}

METHOD(jint, count)(JNIEnv *env, jclass self, jlong handle, jboolean input) {
  (void)env, (void)self;
  return (jint)((Model *)(intptr_t)handle)->count[input];
}

METHOD(jstring, name)(JNIEnv *env, jclass self, jlong handle, jboolean input, jint i) {
  (void)self;
  const char *name;
  Any signature = ((Model *)(intptr_t)handle)->signature;
  CHECK((input ? GetSignatureInputName : GetSignatureOutputName)(signature, i, &name), NULL);
  return (*env)->NewStringUTF(env, name);
}

METHOD(jintArray, describe)(JNIEnv *env, jclass self, jlong handle, jboolean input, jint i) {
  (void)self;
  Model *m = (Model *)(intptr_t)handle;
  TensorType *type = &m->types[input][i];
  Quantization how = {0, 0};
  int kind;
  CHECK(GetQuantizationTypeId(m->tensors[input][i], &kind), NULL);
  if (kind == 1) CHECK(GetPerTensorQuantization(m->tensors[input][i], &how), NULL);
  jint head[3] = {type->element, (jint)how.zero_point, 0};
  memcpy(&head[2], &how.scale, sizeof how.scale);
  jsize rank = type->layout.rank;
  jintArray described = (*env)->NewIntArray(env, 3 + rank);
  (*env)->SetIntArrayRegion(env, described, 0, 3, head);
  (*env)->SetIntArrayRegion(env, described, 3, rank, (jint *)type->layout.sizes);
  return described;
}

METHOD(void, copy)(JNIEnv *env, jclass self, jlong handle, jboolean input, jint i, jobject buffer) {
  (void)self;
  Any own = ((Model *)(intptr_t)handle)->buffers[input][i];
  void *inside, *outside = (*env)->GetDirectBufferAddress(env, buffer);
  size_t size = (size_t)(*env)->GetDirectBufferCapacity(env, buffer);
  CHECK(LockTensorBuffer(own, &inside, input ? 1 /* write */ : 0 /* read */), );
  memcpy(input ? inside : outside, input ? outside : inside, size);
  CHECK(UnlockTensorBuffer(own), );
}

METHOD(void, run)(JNIEnv *env, jclass self, jlong handle) {
  (void)self;
  Model *m = (Model *)(intptr_t)handle;
  CHECK(RunCompiledModel(m->compiled, 0, m->count[INPUT], m->buffers[INPUT], m->count[OUTPUT],
                         m->buffers[OUTPUT]), );
}

METHOD(void, close)(JNIEnv *env, jclass self, jlong handle) {
  (void)env, (void)self;
  Model *m = (Model *)(intptr_t)handle;
  for (int input = 0; input < 2; input++)
    for (size_t i = 0; i < m->count[input]; i++) DestroyTensorBuffer(m->buffers[input][i]);
  DestroyCompiledModel(m->compiled);
  DestroyOptions(m->options);
  DestroyModel(m->model);
  DestroyEnvironment(m->environment);
  free(m);
}
