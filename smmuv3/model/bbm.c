#include "bbm.h"
#include "alloc.h"
#include "state.h"
struct bbm {
	int x;
};
struct bbm *bbm_new(void)
{
	return model_alloc(sizeof(struct bbm));
}
void bbm_free(struct bbm *bbm)
{
	model_release(bbm);
}
void bbm_root(struct model *model, uint32_t sid, const struct model_stage2 *stage2)
{
	(void)model;
	(void)sid;
	(void)stage2;
}
void bbm_executed(struct model *model, const struct invalidation *invalidation)
{
	(void)model;
	(void)invalidation;
}
void bbm_configuration_executed(struct model *model)
{
	(void)model;
}
void bbm_synced(struct model *model)
{
	(void)model;
}
void model_observe_store(struct model *model, uint64_t pa, uint64_t old_value, uint64_t new_value)
{
	(void)model;
	(void)pa;
	(void)old_value;
	(void)new_value;
}
