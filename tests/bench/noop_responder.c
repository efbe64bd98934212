/* A token endpoint that reads the form and answers always the same: the least that one costs. */
#include <fcgiapp.h>
#include <pthread.h>

#define THREADS 4 /* as many as token-endpoint has by default */

static void *serve(void *unused)
{
    static const char answer[] = "Status: 200 OK\r\n"
                                 "Content-Type: application/json\r\n"
                                 "Cache-Control: no-store\r\n"
                                 "\r\n"
                                 "{\"access_token\":\"none\",\"token_type\":\"Bearer\"}";
    char form[8192];
    FCGX_Request r;
    FCGX_InitRequest(&r, 0, 0);
    while (FCGX_Accept_r(&r) == 0) {
        FCGX_GetStr(form, sizeof form, r.in);
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
