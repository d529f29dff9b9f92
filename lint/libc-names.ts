/**
 * Functions of the C library (POSIX.1-2017 and glibc) whose names look like methods of a Python module. `HPyDef_*`
 * defines a global symbol of its first argument, and the dynamic linker takes the first one that it finds.
 */
export const LIBC_NAMES: ReadonlySet<string> = new Set(
  `abort abs accept access acct adjtime alarm atof atoi atol basename bind bsearch calloc cfree chdir chmod chown
  chroot clock clone close closedir connect creat crypt ctime daemon difftime dirname div dlclose dlopen dlsym dup dup2
  encrypt environ erf err error execl execv execve exit exp fabs fchmod fchown fclose fcntl fdopen feof fflush ffs
  fgets fileno flock floor fmod fopen fork fputs fread free fseek fstat fsync ftell ftime ftok ftruncate ftw fwrite
  gamma getc getchar getcwd getegid getenv geteuid getgid getgroups gethostname getitimer getlogin getopt getpgid
  getpid getppid getpriority getrandom getrlimit getrusage gets getsid getuid getw glob gmtime hcreate hsearch
  hypot index initgroups insque ioctl isatty isinf isnan kill killpg labs lchown ldexp link listen localtime
  lockf log logb longjmp lsearch lseek lstat madvise malloc memchr memcmp memcpy memset mkdir mkfifo mknod mktemp
  mktime mmap modf mount mprotect mremap msync munmap nan nanosleep nice open opendir pause perror pipe poll popen pow
  printf profil ptrace putc putenv puts qsort quotactl raise rand random read readdir readlink readv realloc realpath
  reboot recv recvfrom recvmsg regcomp regexec remove rename rewind rexec rindex rmdir round sbrk scanf seekdir
  select send sendfile sendmsg sendto setbuf setegid setenv seteuid setgid setgroups setitimer setjmp setlocale
  setpgid setpriority setrlimit setsid setsockopt setuid shutdown signal sin sleep socket sqrt srand stat statfs stime
  strcat strchr strcmp strdup strlen swab symlink sync syscall sysconf syslog system tan time times tmpfile
  tmpnam toupper tolower trunc truncate ttyname tzset ulimit umask umount uname unlink unsetenv usleep utime
  utimes verr vfork vwarn wait waitid waitpid warn warnx write writev y0 y1 yn j0 j1 jn`.split(/\s+/),
);
