/*
 * Stands where the authorizer stands, and does what a broken one might.  Each request is answered
 * by what the file of the same name with ".does" says: one word, and then what is written as it
 * stands. end   the request ends as it should        exit  the process ends before the end of the
 * request kill  the same, by a signal                hang  nothing more comes, for a time
 */
#include <fcgiapp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { WORD = 5, HANG_S = 6 };

static size_t read_orders(char *orders, size_t size)
{
    char path[512];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 8);
    if (n < 0)
        return 0;
    memcpy(path + n, ".does", sizeof ".does");
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return 0;
    size_t got = fread(orders, 1, size - 1, file);
    fclose(file);
    return got;
}

int main(void)
{
    static char orders[65536];
    FCGX_Request r;
    FCGX_Init();
    FCGX_InitRequest(&r, 0, 0);
    while (FCGX_Accept_r(&r) == 0) {
        size_t n = read_orders(orders, sizeof orders);
        if (n < WORD)
            return 1;
        FCGX_PutStr(orders + WORD, (int)(n - WORD), r.out);
        FCGX_FFlush(r.out);
        if (memcmp(orders, "kill", 4) == 0)
            raise(SIGKILL);
        if (memcmp(orders, "exit", 4) == 0)
            _exit(1);
        if (memcmp(orders, "hang", 4) == 0)
            sleep(HANG_S);
        FCGX_Finish_r(&r);
    }
    return 0;
}
