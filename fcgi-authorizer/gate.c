#include "gate.h"

#include "clock.h"

#include <stdlib.h>

struct gate {
    unsigned places;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t left;
    int64_t entered_at[GATE_MAX_PLACES]; /* by clock_ms; 0: free */
};

struct gate *gate_new(unsigned places)
{
    struct gate *g = calloc(1, sizeof *g);
    if (g == NULL)
        return NULL;
    g->places = places < GATE_MAX_PLACES ? places : GATE_MAX_PLACES;
    pthread_mutex_init(&g->lock, NULL);
    clock_cond_init(&g->left);
    return g;
}

void gate_free(struct gate *g)
{
    if (g == NULL)
        return;
    pthread_mutex_destroy(&g->lock);
    pthread_cond_destroy(&g->left);
    free(g);
}

/* A free place, else -1 and since when the longest call lasts. */
static int look(const struct gate *g, int64_t *since)
{
    *since = INT64_MAX;
    for (unsigned i = 0; i < g->places; i++) {
        if (g->entered_at[i] == 0)
            return (int)i;
        if (g->entered_at[i] < *since)
            *since = g->entered_at[i];
    }
    return -1;
}

int gate_enter(struct gate *g)
{
    int64_t since;
    pthread_mutex_lock(&g->lock);
    int place = look(g, &since);
    while (place < 0 && clock_ms() < since + GATE_PATIENCE_MS) {
        clock_wait(&g->left, &g->lock, since + GATE_PATIENCE_MS);
        place = look(g, &since);
    }
    if (place >= 0)
        g->entered_at[place] = clock_ms();
    pthread_mutex_unlock(&g->lock);
    return place;
}

void gate_leave(struct gate *g, int place)
{
    pthread_mutex_lock(&g->lock);
    g->entered_at[place] = 0;
    pthread_cond_signal(&g->left);
    pthread_mutex_unlock(&g->lock);
}
