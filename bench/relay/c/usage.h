#ifndef BENCH_RELAY_USAGE_H
#define BENCH_RELAY_USAGE_H

#include <stdint.h>

/* Processor time of all threads of a process, in ns, as the scheduler counts it (/proc/<pid>/task/<tid>/schedstat). A
 * thread that ends takes its time with it: relays start theirs once. 0 when there is no such process. */
uint64_t process_time_ns(int pid);

/* This process's own, in ns. */
uint64_t own_time_ns(void);

/* Datagrams that the kernel dropped because a socket's receive buffer was full, since it was opened. */
uint32_t socket_drops(int fd);

#endif
