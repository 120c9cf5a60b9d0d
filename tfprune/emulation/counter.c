/* A QEMU plugin: how often each block of guest code ran between two marks.
 *
 * A mark is the guest's system call lseek(-77, command, 0), which does nothing otherwise:
 * command 1 starts counting from zero, command 2 stops and writes the table to the file that the
 * plugin's argument out=FILE names:
 *
 *     tfprune counts
 *     <address of the block, hexadecimal> <instructions in it> <times it ran>
 *     ...
 *     end
 *
 * A block of QEMU runs from its first instruction to its last, so the product is what was executed.
 * Counting by callback is the one way that all versions of QEMU since 7.0 offer. The declarations
 * below are all that is needed of qemu-plugin.h; PLUGIN_API is the version that QEMU asks for.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t,
                                           void (*)(qemu_plugin_id_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *, void (*)(unsigned, void *),
                                          enum qemu_plugin_cb_flags, void *);
void qemu_plugin_register_vcpu_syscall_cb(qemu_plugin_id_t,
                                          void (*)(qemu_plugin_id_t, unsigned, int64_t, uint64_t,
                                                   uint64_t, uint64_t, uint64_t, uint64_t,
                                                   uint64_t, uint64_t, uint64_t));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *);

#ifndef PLUGIN_API
#define PLUGIN_API 1
#endif
int qemu_plugin_version = PLUGIN_API;

enum { LSEEK_AARCH64 = 62, LSEEK_X86_64 = 8, MARK = -77, START = 1, STOP = 2, BUCKETS = 1 << 16 };

struct block {
    uint64_t address, instructions, times;
    struct block *next;
};

static struct block *buckets[BUCKETS];
static const char *path = "counts.txt";
static int counting;

static struct block *find(uint64_t address, uint64_t instructions)
{
    struct block **bucket = &buckets[(address >> 2) % BUCKETS], *block;
    for (block = *bucket; block; block = block->next)
        if (block->address == address && block->instructions == instructions)
            return block;
    block = calloc(1, sizeof *block);
    if (!block)
        abort();
    *block = (struct block){address, instructions, 0, *bucket};
    return *bucket = block;
}

static void executed(unsigned cpu, void *block)
{
    if (counting)
        __atomic_fetch_add(&((struct block *)block)->times, 1, __ATOMIC_RELAXED);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    struct block *block = find(qemu_plugin_tb_vaddr(tb), qemu_plugin_tb_n_insns(tb));
    qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, QEMU_PLUGIN_CB_NO_REGS, block);
}

static void start(void)
{
    for (int i = 0; i < BUCKETS; i++)
        for (struct block *block = buckets[i]; block; block = block->next)
            block->times = 0;
    counting = 1;
}

static void stop(void)
{
    FILE *file = fopen(path, "w");
    counting = 0;
    if (!file)
        return;
    fputs("tfprune counts\n", file);
    for (int i = 0; i < BUCKETS; i++)
        for (struct block *block = buckets[i]; block; block = block->next)
            if (block->times)
                fprintf(file, "%" PRIx64 " %" PRIu64 " %" PRIu64 "\n", block->address,
                        block->instructions, block->times);
    fputs("end\n", file);
    fclose(file);
}

static void called(qemu_plugin_id_t id, unsigned cpu, int64_t number, uint64_t file,
                   uint64_t command, uint64_t a3, uint64_t a4, uint64_t a5, uint64_t a6,
                   uint64_t a7, uint64_t a8)
{
    if ((number != LSEEK_AARCH64 && number != LSEEK_X86_64) || (int32_t)file != MARK)
        return;
    if (command == START)
        start();
    else if (command == STOP)
        stop();
}

int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int count, char **arguments)
{
    for (int i = 0; i < count; i++)
        if (!strncmp(arguments[i], "out=", 4))
            path = strdup(arguments[i] + 4);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_vcpu_syscall_cb(id, called);
    return 0;
}
