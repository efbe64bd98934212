/*
 * A program that gives everybody the answer that its includer defines.  FORM_BYTES: it reads a form
 * of at most so many first, as an authorizer must not.
 */
#include <fcgiapp.h>
#include <pthread.h>

#define THREADS 4 /* as many as our programs have by default */

static void *serve(void *unused)
{
    FCGX_Request r;
    FCGX_InitRequest(&r, 0, 0);
    while (FCGX_Accept_r(&r) == 0) {
#ifdef FORM_BYTES
        char form[FORM_BYTES];
        FCGX_GetStr(form, sizeof form, r.in);
#endif
        FCGX_PutStr(answer, sizeof answer - 1, r.out);
        FCGX_Finish_r(&r);
    }
    return unused;
}

int main(void)
{
    pthread_t id;
    FCGX_Init();
    for (int i = 1; i < THREADS; i++)
        pthread_create(&id, NULL, serve, NULL);
    serve(NULL);
    return 1;
}
