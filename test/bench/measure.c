/* measure FILE COMMAND...: runs the command and writes milliseconds of wall clock, of CPU (user and system), KiB of peak memory, and the number of page faults. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double milliseconds(struct timeval time) { return time.tv_sec * 1e3 + time.tv_usec / 1e3; }

int main(int argc, char **argv) {
  if (argc < 3) return 64;
  struct timespec start, stop;
  struct rusage usage;
  int status;
  clock_gettime(CLOCK_MONOTONIC, &start);
  pid_t child = fork();
  if (child == 0) {
    execvp(argv[2], argv + 2);
    perror(argv[2]);
    _exit(127);
  }
  if (child < 0 || wait4(child, &status, 0, &usage) < 0) return 70;
  clock_gettime(CLOCK_MONOTONIC, &stop);
  FILE *file = fopen(argv[1], "w");
  if (!file) return 74;
  fprintf(file, "%.1f %.1f %ld %ld\n", (stop.tv_sec - start.tv_sec) * 1e3 + (stop.tv_nsec - start.tv_nsec) / 1e6,
          milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime), usage.ru_maxrss, usage.ru_minflt);
  fclose(file);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
