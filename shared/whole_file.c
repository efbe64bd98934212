#include "whole_file.h"

#include <errno.h>
#include <unistd.h>

bool whole_file_read(int fd, char *to, size_t cap, size_t *n)
{
    *n = 0;
    while (*n < cap) {
        ssize_t got = read(fd, to + *n, cap - *n);
        if (got == 0)
            return true;
        if (got > 0)
            *n += (size_t)got;
        else if (errno != EINTR)
            return false;
    }
    return true;
}
