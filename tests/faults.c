/* A disk whose fsync stalls and a wall clock that was moved, for one process: LD_PRELOAD.
   FAULTS names a file of two doubles: seconds each fsync takes longer, seconds the clock is off. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile double *faults(void) {
    static volatile double *found;
    const char *path = getenv("FAULTS");
    if (!found && path) {
        int file = open(path, O_RDONLY);
        void *map = mmap(0, 2 * sizeof(double), PROT_READ, MAP_SHARED, file, 0);
        close(file);
        if (map != MAP_FAILED) found = map;
    }
    return found;
}

static void stall(void) {
    double s = faults() ? faults()[0] : 0;
    struct timespec wait = {(time_t)s, (long)((s - (time_t)s) * 1e9)};
    if (s > 0) nanosleep(&wait, 0);
}

int fsync(int file) {
    stall();
    return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(file);
}

int fdatasync(int file) {
    stall();
    return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(file);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int done = ((int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime"))(clock, now);
    if (clock == CLOCK_REALTIME && faults()) now->tv_sec += (time_t)faults()[1];
    return done;
}

int gettimeofday(struct timeval *now, void *zone) {
    int done = ((int (*)(struct timeval *, void *))dlsym(RTLD_NEXT, "gettimeofday"))(now, zone);
    if (faults()) now->tv_sec += (time_t)faults()[1];
    return done;
}

time_t time(time_t *out) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out) *out = now.tv_sec;
    return now.tv_sec;
}
