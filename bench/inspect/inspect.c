/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * inspect.c - `s2shadow inspect`.
 *
 * Read the image, survey its tables, then write: both files first, each whole or not at all, and the text
 * last.
 */
#include "bench/inspect/inspect.h"

#include <stdio.h>
#include <string.h>

#include "bench/common/message.h"
#include "bench/common/outfile.h"
#include "bench/inspect/inspect_json.h"
#include "bench/inspect/inspect_options.h"
#include "bench/inspect/inspect_plot.h"
#include "bench/inspect/inspect_text.h"

#define EXIT_PROBLEMS 1
#define EXIT_BAD      2

struct inspection {
	struct inspect_options options;
	struct imagefile image;
	struct inspect_shape shape;
	struct inspect_survey survey;
	struct inspect_subject subject;
	struct outfile json, plot;
};

static bool json_on_stdout(const struct inspect_options *options)
{
	return options->json && !strcmp(options->json, "-");
}

static int look(struct inspection *inspection)
{
	const char *path = inspection->options.image;

	if (imagefile_read(&inspection->image, path) ||
	    inspect_shape_of(&inspection->shape, &inspection->image, path))
		return -1;
	if (inspect_survey(&inspection->survey, &inspection->image, &inspection->shape)) {
		message("%s: out of memory", path);
		return -1;
	}
	inspection->subject = (struct inspect_subject){
		.path = path,
		.image = &inspection->image,
		.shape = &inspection->shape,
		.survey = &inspection->survey,
		.has_address = inspection->options.has_address,
		.address = inspection->options.address,
	};
	if (inspection->options.has_address)
		inspect_walk(&inspection->image, &inspection->shape, inspection->options.address,
			     &inspection->subject.walk);
	return 0;
}

static int open_files(struct inspection *inspection)
{
	const struct inspect_options *options = &inspection->options;

	if (options->json && !json_on_stdout(options) && outfile_open(&inspection->json, options->json))
		return -1;
	return options->plot && outfile_open(&inspection->plot, options->plot) ? -1 : 0;
}

static int write_files(struct inspection *inspection)
{
	const struct inspect_options *options = &inspection->options;

	if (inspection->json.file)
		inspect_json_write(inspection->json.file, &inspection->subject);
	if (inspection->plot.file &&
	    inspect_plot_write(inspection->plot.file, &inspection->subject, options->plot_svg)) {
		message("%s: cannot draw", options->plot);
		return -1;
	}
	if (inspection->json.file && outfile_commit(&inspection->json))
		return -1;
	return inspection->plot.file && outfile_commit(&inspection->plot) ? -1 : 0;
}

static int inspect(struct inspection *inspection)
{
	if (look(inspection) || open_files(inspection) || write_files(inspection))
		return EXIT_BAD;
	if (json_on_stdout(&inspection->options)) {
		inspect_json_write(stdout, &inspection->subject);
	} else if (inspect_text_write(stdout, &inspection->subject, inspection->options.all)) {
		message("%s: out of memory", inspection->options.image);
		return EXIT_BAD;
	}
	return inspection->survey.problem_count ? EXIT_PROBLEMS : 0;
}

int inspect_main(int argc, char **argv)
{
	struct inspection inspection = { .options = { .help = false } };
	int status;

	if (inspect_options_parse(&inspection.options, argc, argv))
		return EXIT_BAD;
	if (inspection.options.help) {
		fputs(inspect_options_help, stdout);
		return 0;
	}
	status = inspect(&inspection);
	outfile_discard(&inspection.json);
	outfile_discard(&inspection.plot);
	inspect_survey_free(&inspection.survey);
	imagefile_free(&inspection.image);
	return status;
}
