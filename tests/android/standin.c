// What Android's C library has and glibc lacks or does otherwise, as far as a program's start and
// LiteRT need it. With it glibc's loader can run what is linked for Android.

#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// bionic/libc/bionic/libc_init_dynamic.cpp: the arguments as the kernel left them, and three lists
// of functions to call, each between -1 and 0.
_Noreturn void __libc_init(long *arguments, void *unused, int (*main)(int, char **),
                           void ***structors) {
  (void)unused;
  for (int i = 0; i < 3; i++)
    if (structors[i][0] != (void *)-1 || structors[i][1]) exit(99);
  exit(main((int)*arguments, (char **)(arguments + 1)));
}

int *__errno(void) { return &errno; }

// bionic keeps stdin, stdout and stderr in one array of opaque structs.
enum { FILE_SIZE = 152 };
char __sF[3 * FILE_SIZE];

static FILE *real(void *file) {
  long at = ((char *)file - __sF) / FILE_SIZE;
  if ((char *)file < __sF || at > 2) return file;
  return at == 0 ? stdin : at == 1 ? stdout : stderr;
}

int vfprintf(FILE *file, const char *format, va_list values) {
  char *text;
  int size = vasprintf(&text, format, values);
  if (size < 0) return size;
  fwrite_unlocked(text, 1, size, real(file));
  free(text);
  return size;
}

int fprintf(FILE *file, const char *format, ...) {
  va_list values;
  va_start(values, format);
  int size = vfprintf(file, format, values);
  va_end(values);
  return size;
}

size_t fwrite(const void *from, size_t size, size_t n, FILE *file) {
  return fwrite_unlocked(from, size, n, real(file));
}

int fputs(const char *text, FILE *file) { return fputs_unlocked(text, real(file)); }
int fputc(int c, FILE *file) { return fputc_unlocked(c, real(file)); }
int fflush(FILE *file) { return file ? fflush_unlocked(real(file)) : 0; }
int fileno(FILE *file) { return fileno_unlocked(real(file)); }

char *__gnu_strerror_r(int number, char *text, size_t size) { return strerror_r(number, text, size); }
char *__strchr_chk(const char *text, int c, size_t size) { (void)size; return strchr(text, c); }
size_t __strlen_chk(const char *text, size_t size) { (void)size; return strlen(text); }
char *__strncpy_chk2(char *to, const char *from, size_t n, size_t a, size_t b) {
  (void)a, (void)b;
  return strncpy(to, from, n);
}
ssize_t __write_chk(int file, const void *from, size_t n, size_t size) {
  (void)size;
  return write(file, from, n);
}
int __system_property_get(const char *name, char *value) {
  (void)name;
  return *value = 0;
}

// bionic's compilers emulate or use TLS in static blocks; keep a little free for the library.
__thread char room[256] __attribute__((used, tls_model("initial-exec")));
char *some_room(void) { return room; }
