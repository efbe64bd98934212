#include "listener.h"

#include "slice.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

bool listener_is_for_one(int fd)
{
    struct sockaddr_un at = {.sun_family = AF_UNSPEC};
    socklen_t n = sizeof at - 1; /* a NUL stays behind it */
    uint64_t parent = 0, number = 0;
    if (getsockname(fd, (struct sockaddr *)&at, &n) != 0 || at.sun_family != AF_UNIX ||
        n <= offsetof(struct sockaddr_un, sun_path))
        return false;
    struct slice rest = slice_of(at.sun_path), name = SLICE_NONE;
    while (rest.p != NULL)
        slice_cut(&rest, '/', &name);
    rest = name;
    return slice_cut(&rest, '.', &name) && slice_to_u64(name, INT32_MAX, &parent) &&
           slice_to_u64(rest, UINT32_MAX, &number) && parent == (uint64_t)getppid();
}
