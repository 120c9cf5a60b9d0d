// The names that the runner takes from Android's libc.so and libdl.so. Linked as libraries of those
// names they stand in for an NDK's; on the phone the real ones are found. Nothing here ever runs.

#define NAME(name) __asm__(".globl " #name "\n.type " #name ",%function\n" #name ": .space 4\n");

#ifdef libdl
NAME(dlerror) NAME(dlopen) NAME(dlsym)
#else
NAME(__libc_init) NAME(_exit) NAME(calloc) NAME(chdir) NAME(clock_gettime) NAME(close)
NAME(dprintf) NAME(dup2) NAME(fork) NAME(free) NAME(malloc) NAME(memcpy) NAME(open) NAME(pipe)
NAME(poll) NAME(prctl) NAME(qsort) NAME(read) NAME(realloc) NAME(sched_setaffinity) NAME(signal)
NAME(snprintf) NAME(strcmp) NAME(strdup) NAME(strlen) NAME(strncmp) NAME(strstr) NAME(strtok) NAME(strtol)
NAME(strtoull) NAME(waitpid) NAME(write)
#endif
