// What Android's C library leaves to a program: its entry, which an NDK would link in (crtbegin).
// It hands the arguments that the kernel left on the stack to __libc_init, which calls main.

#ifdef __aarch64__
__asm__(
    ".globl _start\n.type _start,%function\n_start:\n"
    "  mov x29, #0\n  mov x30, #0\n  mov x0, sp\n  b start_c\n");
#else
__asm__(
    ".globl _start\n.type _start,@function\n_start:\n"
    "  xor %ebp, %ebp\n  mov %rsp, %rdi\n  and $-16, %rsp\n  call start_c\n");
#endif

typedef void (*Function)(void);

// bionic/libc/private/bionic_structors.h: three lists, from -1 to 0, all empty here.
static Function none[] = {(Function)-1, 0};
static struct {
  Function *before, *at_start, *at_end;
} structors = {none, none, none};

int main(int argc, char **argv);
_Noreturn void __libc_init(void *arguments, Function on_exit, int (*main)(int, char **),
                           void *structors);

__attribute__((used)) _Noreturn void start_c(void *arguments) {
  __libc_init(arguments, 0, main, &structors);
}

// The loader reads the Android version that a program is made for from this note: 23.
__attribute__((used, section(".note.android.ident"), aligned(4))) static const struct {
  int name_size, content_size, kind;
  char name[8];
  int version;
} note = {8, 4, 1, "Android", 23};
