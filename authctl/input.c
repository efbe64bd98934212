#include "ctl.h"
#include "whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* ERR_FILE with errno, ERR_TOO_LARGE, ERR_MEMORY. */
static enum err read_all(int fd, size_t cap, struct arena *a, struct slice *out)
{
    char *text = arena_alloc(a, cap + 1); /* one more byte tells a full file from a longer one */
    size_t n;
    if (text == NULL)
        return ERR_MEMORY;
    if (!whole_file_read(fd, text, cap + 1, &n))
        return ERR_FILE;
    *out = (struct slice){text, n};
    return n <= cap ? ERR_OK : ERR_TOO_LARGE;
}

enum status ctl_read_file(struct ctl *c, const char *path, size_t cap, struct slice *out)
{
    int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return ctl_misuse("%s: %s", path, strerror(errno));
    enum err e = read_all(fd, cap, &c->arena, out);
    int saved = errno;
    if (fd != STDIN_FILENO)
        close(fd);
    if (e == ERR_TOO_LARGE)
        return ctl_misuse("%s: holds more than %zu bytes", path, cap);
    if (e != ERR_OK)
        return ctl_misuse("%s: %s", path, e == ERR_FILE ? strerror(saved) : err_row(e)->text);
    return STATUS_YES;
}

struct slice ctl_chomp(struct slice text)
{
    if (slice_ends(text, "\r\n"))
        text.n -= 2;
    else if (slice_ends(text, "\n"))
        text.n -= 1;
    return text;
}

enum status ctl_read_token(struct ctl *c, size_t cap, struct slice *out)
{
    struct slice text;
    enum err e = read_all(STDIN_FILENO, cap + 2, &c->arena, &text);
    if (e == ERR_FILE)
        return ctl_no("standard input: %s", strerror(errno));
    if (e == ERR_OK)
        text = ctl_chomp(text);
    if (e == ERR_TOO_LARGE || (e == ERR_OK && text.n > cap))
        return ctl_no("the token on standard input is longer than %zu bytes", cap);
    if (e != ERR_OK)
        return ctl_no("%s", err_row(e)->text);
    if (text.n == 0)
        return ctl_no("there is no token on standard input");
    *out = text;
    return STATUS_YES;
}

bool ctl_duration(const char *text, uint64_t max, uint64_t *seconds)
{
    static const struct {
        char letter;
        uint64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    struct slice number = slice_of(text);
    uint64_t value;
    if (number.n < 2)
        return false;
    number.n--;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (text[number.n] != units[i].letter)
            continue;
        if (!slice_to_u64(number, max / units[i].seconds, &value))
            return false;
        *seconds = value * units[i].seconds;
        return true;
    }
    return false;
}
